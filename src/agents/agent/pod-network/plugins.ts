import { PLUGIN_TYPE } from '#cni/conflist.ts'
import type { CniProblem } from '#cni/problem.ts'
import type { FileStat, HostFiles } from '#ports/host-files.ts'
import { toFailure } from '#runtime/failure.ts'

/** The plugin that container runtimes call for `lo` of each pod. Ours is one of the same binary. */
const LOOPBACK = 'loopback'

export interface PluginsOptions {
  readonly files: HostFiles
  /** The plugin's binary in this image. */
  readonly source: string
  /** The host's folder of CNI plugins. */
  readonly binDir: string
}

/** Puts the plugin's binary where the container runtime looks for it, and `loopback` where there is none. */
export class Plugins {
  readonly #options: PluginsOptions
  /** As they were after the last look; comparing the octets is for what has changed since. */
  #seen = new Map<string, FileStat | undefined>()

  constructor(options: PluginsOptions) {
    this.#options = options
  }

  /** Names of what was put there. Throws `HostFileError`. */
  install(): readonly string[] {
    const { files, source, binDir } = this.#options
    const targets = [LOOPBACK, PLUGIN_TYPE].map((name) => ({ name, path: `${binDir}/${name}` }))
    const isSame = targets.every(({ path }) => this.#seen.has(path) && same(files.stat(path), this.#seen.get(path)))
    if (isSame) return []
    files.makeFolder(binDir)
    // first, while the plugin of an earlier version, by which ours is known, is still there
    const installed = targets.filter(
      ({ name, path }) => (name === PLUGIN_TYPE || this.#mayTake(path)) && files.install(source, path),
    )
    this.#seen = new Map(targets.map(({ path }) => [path, files.stat(path)]))
    return installed.map(({ name }) => name)
  }

  /** The binaries of a foreign configuration that are not there. */
  missing(types: readonly string[]): readonly string[] {
    const { files, binDir } = this.#options
    return types.filter((type) => files.stat(`${binDir}/${type}`) === undefined)
  }

  problemOf(error: unknown): CniProblem {
    const { files, source } = this.#options
    const isAbsent = files.stat(source) === undefined
    const message = isAbsent
      ? `The CNI plugin is missing from this image: there is no ${source}; set BALISE_CNI_PLUGIN to where it is`
      : `The CNI plugin cannot be installed on the host: ${toFailure(error).message}; set cni.binPath to a folder that can be written and that the container runtime reads`
    return { severity: 'error', code: 'PluginMissing', message }
  }

  /** None there, or one of ours. */
  #mayTake(loopback: string): boolean {
    const { files, binDir } = this.#options
    return files.stat(loopback) === undefined || files.sameContent(loopback, `${binDir}/${PLUGIN_TYPE}`)
  }
}

function same(a: FileStat | undefined, b: FileStat | undefined): boolean {
  return a?.sizeOctets === b?.sizeOctets && a?.changedMs === b?.changedMs
}
