/** Why a command cannot give an answer; the message names what was tried, the remedy what to do. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly remedy: string
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}

/** The command was given what it cannot be given: arguments that contradict each other, or lack something. */
export class MisuseError extends CliError {}
