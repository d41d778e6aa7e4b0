import { ASIDE_SUFFIX, CONFLIST_NAME, foreignConfs, isConfName, type NetworkConf } from '#cni/conf-files.ts'
import { type Mode, modeOfOwnConf } from '#cni/mode.ts'
import type { HostFiles } from '#ports/host-files.ts'

/** The folder from which the container runtime reads network configurations, at one moment. */
export interface ConfFolderState {
  readonly ownText: string | undefined
  readonly ownMode: Mode | undefined
  readonly foreign: readonly NetworkConf[]
}

/** Reads and writes in that folder. The folder itself is never removed: container runtimes watch it, and would not notice a new one. */
export class ConfFolder {
  readonly #files: HostFiles
  readonly #folder: string

  constructor(files: HostFiles, folder: string) {
    this.#files = files
    this.#folder = folder
  }

  read(): ConfFolderState {
    const names = (this.#files.list(this.#folder) ?? []).filter(isConfName)
    const ownText = names.includes(CONFLIST_NAME) ? this.#files.readText(`${this.#folder}/${CONFLIST_NAME}`) : undefined
    const others = names.filter((name) => name !== CONFLIST_NAME)
    return {
      ownText,
      ownMode: modeOfOwnConf(ownText),
      foreign: foreignConfs(others.map((name) => ({ name, text: this.#readForeign(name) }))),
    }
  }

  write(text: string): void {
    this.#files.makeFolder(this.#folder)
    this.#files.replace(`${this.#folder}/${CONFLIST_NAME}`, text)
  }

  remove(): boolean {
    return this.#files.remove(`${this.#folder}/${CONFLIST_NAME}`)
  }

  /** Under a name that no container runtime takes for a configuration. */
  putAside({ file }: NetworkConf): void {
    this.#files.rename(`${this.#folder}/${file}`, `${this.#folder}/${file}${ASIDE_SUFFIX}`)
  }

  /** One that cannot be read is there all the same. */
  #readForeign(name: string): string | undefined {
    try {
      return this.#files.readText(`${this.#folder}/${name}`)
    } catch {
      return undefined // and so it is reported
    }
  }
}
