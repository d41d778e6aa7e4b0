import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type HostFileFailure, HostFileError, type HostFiles } from '#ports/host-files.ts'

const TEXT_MODE = 0o644
const PROGRAM_MODE = 0o755
const PIECE_OCTETS = 64 * 1024

/** Files below `/` as this process sees them. Everything throws `HostFileError`. */
export function createHostFiles(): HostFiles {
  return {
    list: (folder) => unlessAbsent(folder, () => readdirSync(folder).sort()),
    readText: (path) => unlessAbsent(path, () => readFileSync(path, 'utf8')),
    stat: (path) =>
      unlessAbsent(path, () => {
        const { size, mtimeMs } = statSync(path)
        return { sizeOctets: size, changedMs: mtimeMs }
      }),
    replace: (path, text, mode = TEXT_MODE) =>
      attempt(path, 'written', () => putInPlace(path, (fresh) => writeFileSync(fresh, text), mode)),
    writeInPlace: (path, text) => attempt(path, 'written', () => writeFileSync(path, text, { flag: 'r+' })),
    install: (source, target) => attempt(target, 'written', () => install(source, target)),
    sameContent: (a, b) => attempt(a, 'read', () => sameContent(a, b)),
    rename: (from, to) => attempt(from, 'renamed', () => renameSync(from, to)),
    remove: (path) =>
      attempt(path, 'removed', () => {
        if (statSync(path, { throwIfNoEntry: false }) === undefined) return false
        removeWhole(path)
        return true
      }),
    makeFolder: (path) => attempt(path, 'written', () => void mkdirSync(path, { recursive: true })),
    changes: (folder, signal) => watchFolder(folder, signal),
  }
}

/** A folder that somebody mounts stays, emptied. */
function removeWhole(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (unlessAbsent(path, () => readdirSync(path).length) !== 0) throw error
  }
}

/** Beside the target under a name that no reader takes, written out, then renamed over it. */
function putInPlace(path: string, write: (fresh: string) => void, mode: number): void {
  const fresh = join(dirname(path), `.${basename(path)}.new`)
  rmSync(fresh, { force: true })
  write(fresh)
  chmodSync(fresh, mode)
  const fd = openSync(fresh, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, path)
}

function install(source: string, target: string): boolean {
  const isProgram = ((statSync(target, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0
  if (isProgram && sameContent(source, target)) return false
  putInPlace(target, (fresh) => copyFileSync(source, fresh), PROGRAM_MODE)
  return true
}

function sameContent(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }))
  if (one?.isFile() !== true || other?.isFile() !== true || one.size !== other.size) return false
  const fds = [openSync(a, 'r'), openSync(b, 'r')] as const
  try {
    return sameOctets(...fds)
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

/** Piece by piece: whole programs would stay in memory for a while. */
function sameOctets(a: number, b: number): boolean {
  const [mine, other] = [Buffer.alloc(PIECE_OCTETS), Buffer.alloc(PIECE_OCTETS)]
  for (;;) {
    const [read, otherRead] = [readSync(a, mine), readSync(b, other)]
    if (read !== otherRead || !mine.subarray(0, read).equals(other.subarray(0, read))) return false
    if (read === 0) return true
  }
}

async function* watchFolder(folder: string, signal: AbortSignal): AsyncGenerator<void> {
  let changed = false
  let failure: unknown
  let wake = (): void => {}
  const watcher = attempt(folder, 'watched', () => watch(folder, { persistent: false }))
  const tell = (): void => {
    changed = true
    wake()
  }
  const end = (): void => wake()
  watcher.on('change', tell)
  watcher.on('error', (error) => {
    failure = error
    wake()
  })
  signal.addEventListener('abort', end)
  try {
    while (!signal.aborted) {
      if (!changed && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (signal.aborted) return
      if (failure !== undefined) throw failed(folder, 'watched', failure)
      changed = false
      yield
    }
  } finally {
    signal.removeEventListener('abort', end)
    watcher.close()
  }
}

function unlessAbsent<T>(path: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw failed(path, 'read', error)
  }
}

function attempt<T>(path: string, deed: HostFileFailure['deed'], act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw failed(path, deed, error)
  }
}

function failed(path: string, deed: HostFileFailure['deed'], cause: unknown): HostFileError {
  return new HostFileError({ path, deed, errno: errnoOf(cause) }, { cause })
}

function errnoOf(error: unknown): string {
  return (error as { readonly code?: string } | undefined)?.code || String(error) // of some removals Node gives an empty one
}
