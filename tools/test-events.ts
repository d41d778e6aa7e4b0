/** What the reporter says about one finished test. */
export interface TestEvent {
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly name: string
  /** From the root of the repository; empty when the runner does not say. */
  readonly file: string
  readonly durationMs: number
  /** Why it failed or was skipped; empty otherwise. */
  readonly detail: string
}

/** Stands before each event in the reporter's output (RFC 7464), so that what tests print is not taken for one. */
export const RECORD_SEPARATOR = '\u001e'

export function encodeTestEvent(event: TestEvent): string {
  return `${RECORD_SEPARATOR}${JSON.stringify(event)}\n`
}

export interface ParsedOutput {
  readonly events: readonly TestEvent[]
  /** What is no event: what the tests printed. */
  readonly text: string
  /** The begun event at the end; goes before the next piece of output. */
  readonly rest: string
}

/** Splits a piece of the runner's output; events may lie across pieces. */
export function parseTestOutput(piece: string): ParsedOutput {
  const events: TestEvent[] = []
  let text = ''
  let at = 0
  for (;;) {
    const start = piece.indexOf(RECORD_SEPARATOR, at)
    if (start < 0) return { events, text: text + piece.slice(at), rest: '' }
    text += piece.slice(at, start)
    const end = piece.indexOf('\n', start)
    if (end < 0) return { events, text, rest: piece.slice(start) }
    events.push(JSON.parse(piece.slice(start + 1, end)) as TestEvent)
    at = end + 1
  }
}
