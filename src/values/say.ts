import type { Finding } from './check.ts'

/** A mistake in a line, in the words that the chart's templates use as well. Takes no finding that is none. */
export function sayMistake(finding: Finding): string {
  switch (finding.kind) {
    case 'unknown':
      return `${finding.key}: there is no such value; ${hint(finding.nearest)}`
    case 'refused':
      return `${finding.key}: ${JSON.stringify(finding.value)} is refused: ${finding.why}; ${finding.instead}`
    case 'mistyped':
      return `${finding.key === '' ? '' : `${finding.key}: `}${JSON.stringify(finding.value)} is not ${finding.expected}`
    case 'contradiction':
      return `${finding.keys.join(', ')}: ${finding.why}; ${finding.instead}`
    case 'implemented':
    case 'ignored':
      throw new Error(`The value ${finding.key} is no mistake`)
  }
}

function hint(nearest: readonly string[]): string {
  return nearest.length === 0 ? 'remove it' : `did you mean ${nearest.join(' or ')}?`
}
