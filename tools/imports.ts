/** One module specifier in a source file. */
export interface Import {
  readonly specifier: string
  /** From 1. */
  readonly line: number
}

/**
 * Comments, then `from '...'`, `import '...'` and `import('...')`, then any other text in quotes: whatever comes first is taken whole,
 * so that neither a comment nor the text of a string is read as an import.
 */
const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?:\bfrom\s*|\bimport\s*\(?\s*)(?:'([^'\n]+)'|"([^"\n]+)")|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/** The modules that `source` names, types included, in order. */
export function importsOf(source: string): readonly Import[] {
  return [...source.matchAll(TOKEN)].flatMap((match) => {
    const specifier = match[1] ?? match[2]
    if (specifier === undefined) return []
    return [{ specifier, line: source.slice(0, match.index).split('\n').length }]
  })
}
