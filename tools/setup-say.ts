/** Prints a line of progress. The set-up speaks on stderr, so that a command's result has stdout to itself. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** A mistake of the machine or of its user: printed as it is, without a stack. */
export class SetupError extends Error {}

/** Prints the error and sets the exit code: a `SetupError` and its like plainly, our own mistakes with their stack. */
export function fail(error: unknown): void {
  const plain = error instanceof Error && error.constructor !== Error && !(error instanceof TypeError)
  say(plain ? `balise: ${error.message}` : String(error instanceof Error ? error.stack : error))
  process.exitCode = 1
}
