/** What the reference says of a setting (`src/agents/settings.ts`). */
export interface DocumentedSetting {
  readonly env: string
  readonly type: string
  readonly fallback: string | undefined
  readonly sentence: string
}

/** A Markdown table; a bar inside a cell is escaped. */
export function settingsTable(settings: readonly DocumentedSetting[]): string {
  const rows = settings.map(({ env, type, fallback, sentence }) => {
    const value = fallback === undefined ? 'must be set' : fallback === '' ? '' : `\`${fallback}\``
    return `| \`${env}\` | ${escapeBars(type)} | ${value} | ${escapeBars(sentence)} |`
  })
  return ['| variable | type | default | |', '|---|---|---|---|', ...rows].join('\n')
}

function escapeBars(text: string): string {
  return text.replaceAll('|', '\\|')
}
