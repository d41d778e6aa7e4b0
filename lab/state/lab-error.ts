/** What the lab tells its user in plain words and without a stack: a mistake in what was asked, or a machine that lacks something. */
export class LabError extends Error {
  override readonly name: string = 'LabError'
}
