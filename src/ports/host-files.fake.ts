import { createFakeChanges, type FakeChanges } from './changes.fake.ts'
import { HostFileError, type HostFiles } from './host-files.ts'

export interface FakeHostFiles extends HostFiles {
  /** Contents by path. */
  readonly files: ReadonlyMap<string, string>
  /** Puts a file there as somebody else would, with its folder. */
  put(path: string, text: string): void
  /** From now on writing to paths that match fails with that errno, until it is called with undefined. */
  refuse(paths: RegExp | undefined, errno?: string): void
  /** From now on reading paths that match fails with EACCES, until it is called with undefined. */
  hide(paths: RegExp | undefined): void
}

/** Files in memory. Folders are there when they were made or hold something. */
export function createFakeHostFiles(initial: Readonly<Record<string, string>> = {}): FakeHostFiles {
  return new MemoryFiles(initial)
}

class MemoryFiles implements FakeHostFiles {
  readonly files = new Map<string, string>()
  readonly #changed = new Map<string, number>()
  readonly #folders = new Set<string>()
  readonly #changes = new Map<string, FakeChanges>()
  #ticks = 0
  #refused: RegExp | undefined
  #errno = 'EROFS'
  #hidden: RegExp | undefined

  constructor(initial: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(initial)) this.put(path, text)
  }

  put(path: string, text: string): void {
    this.makeFolder(parentOf(path))
    this.#set(path, text)
  }

  refuse(paths: RegExp | undefined, errno = 'EROFS'): void {
    this.#refused = paths
    this.#errno = errno
  }

  hide(paths: RegExp | undefined): void {
    this.#hidden = paths
  }

  list(folder: string): readonly string[] | undefined {
    this.#checkReading(folder)
    if (!this.#folders.has(folder)) return undefined
    const inside = [...this.files.keys(), ...this.#folders].filter((path) => path.startsWith(`${folder}/`))
    return [...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))].sort()
  }

  readText(path: string): string | undefined {
    this.#checkReading(path)
    return this.files.get(path)
  }

  stat(path: string): { readonly sizeOctets: number; readonly changedMs: number } | undefined {
    const text = this.files.get(path)
    return text === undefined ? undefined : { sizeOctets: text.length, changedMs: this.#changed.get(path) ?? 0 }
  }

  replace(path: string, text: string): void {
    this.#check(path)
    if (!this.#folders.has(parentOf(path))) throw new HostFileError({ path, deed: 'written', errno: 'ENOENT' })
    this.#set(path, text)
  }

  writeInPlace(path: string, text: string): void {
    this.#check(path)
    if (!this.files.has(path)) throw new HostFileError({ path, deed: 'written', errno: 'ENOENT' })
    this.#set(path, text)
  }

  install(source: string, target: string): boolean {
    const text = this.files.get(source)
    if (text === undefined) throw new HostFileError({ path: target, deed: 'written', errno: 'ENOENT' })
    if (this.files.get(target) === text) return false
    this.replace(target, text)
    return true
  }

  sameContent(a: string, b: string): boolean {
    return this.files.has(a) && this.files.get(a) === this.files.get(b)
  }

  rename(from: string, to: string): void {
    const text = this.files.get(from)
    this.#check(from)
    if (text === undefined) throw new HostFileError({ path: from, deed: 'renamed', errno: 'ENOENT' })
    this.#set(to, text)
    this.files.delete(from)
    this.#tell(from)
  }

  remove(path: string): boolean {
    this.#check(path)
    const inside = [...this.files.keys()].filter((name) => name === path || name.startsWith(`${path}/`))
    const folders = [...this.#folders].filter((name) => name === path || name.startsWith(`${path}/`))
    for (const name of inside) {
      this.files.delete(name)
      this.#tell(name)
    }
    for (const name of folders) this.#folders.delete(name)
    return inside.length + folders.length > 0
  }

  makeFolder(path: string): void {
    for (let folder = path; folder.length > 1; folder = parentOf(folder)) this.#folders.add(folder)
  }

  changes(folder: string, signal: AbortSignal): AsyncIterable<void> {
    if (!this.#folders.has(folder)) throw new HostFileError({ path: folder, deed: 'watched', errno: 'ENOENT' })
    return this.#changesOf(folder).listen(signal)
  }

  #set(path: string, text: string): void {
    this.#ticks += 1
    this.files.set(path, text)
    this.#changed.set(path, this.#ticks)
    this.#tell(path)
  }

  #tell(path: string): void {
    this.#changesOf(parentOf(path)).tell()
  }

  #changesOf(folder: string): FakeChanges {
    const changes = this.#changes.get(folder) ?? createFakeChanges()
    this.#changes.set(folder, changes)
    return changes
  }

  #checkReading(path: string): void {
    if (this.#hidden?.test(path) === true) throw new HostFileError({ path, deed: 'read', errno: 'EACCES' })
  }

  #check(path: string): void {
    if (this.#refused?.test(path) === true) throw new HostFileError({ path, deed: 'written', errno: this.#errno })
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}
