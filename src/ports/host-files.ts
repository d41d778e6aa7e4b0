/** Files of the host, beyond those of this process: configurations, binaries, the kernel's settings. */
export interface HostFiles {
  /** Names in a folder, sorted; undefined when the folder is not there. */
  list(folder: string): readonly string[] | undefined
  /** Undefined when the file is not there. */
  readText(path: string): string | undefined
  /** Size and time of the last change; undefined when it is not there. */
  stat(path: string): FileStat | undefined
  /** Puts a file there as a whole: nobody ever reads half of it. The folder is there already. */
  replace(path: string, text: string, mode?: number): void
  /** Writes into a file that is there: the kernel's settings know no other way. */
  writeInPlace(path: string, text: string): void
  /** Copies a file as a whole, executable, unless the same octets are there. True when it was copied. */
  install(source: string, target: string): boolean
  /** Both are there and hold the same octets. */
  sameContent(a: string, b: string): boolean
  rename(from: string, to: string): void
  /** A file, or a folder with all that is in it. False when it was not there. */
  remove(path: string): boolean
  makeFolder(path: string): void
  /** Something in a folder changed: look again. Ends when the signal aborts; throws when the folder cannot be watched. */
  changes(folder: string, signal: AbortSignal): AsyncIterable<void>
}

export interface FileStat {
  readonly sizeOctets: number
  readonly changedMs: number
}

/** The host does not let us read or write a file. */
export class HostFileError extends Error {
  override readonly name = 'HostFileError'
  readonly failure: HostFileFailure
  constructor(failure: HostFileFailure, options?: ErrorOptions) {
    super(`${failure.path} cannot be ${failure.deed}: ${failure.errno}`, options)
    this.failure = failure
  }
}

export interface HostFileFailure {
  readonly path: string
  /** What was to be done: `written`. */
  readonly deed: 'read' | 'written' | 'renamed' | 'removed' | 'watched'
  /** The kernel's name for the reason, `EROFS`. */
  readonly errno: string
}
