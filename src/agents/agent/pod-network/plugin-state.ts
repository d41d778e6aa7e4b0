import {
  ADDRESSES_FOLDER,
  LAST_FAILURE_FILE,
  type PluginFailure,
  readGivenAddresses,
  readPluginFailure,
} from '#cni/plugin-state.ts'
import { sortAllocations } from '#cni/pod-prefix.ts'
import type { CniProblem } from '#cni/problem.ts'
import { pluginProblems } from '#cni/problems.ts'
import type { Ip } from '#model/ip.ts'
import type { Prefix } from '#model/prefix.ts'
import type { HostFiles } from '#ports/host-files.ts'

export interface PluginStateView {
  /** Given addresses, one count for each podCIDR. */
  readonly counts: readonly number[]
  readonly outside: readonly Ip[]
  readonly failure: PluginFailure | undefined
}

/** What the plugin keeps on disk: the given addresses and its last failure. The agent only reads it. */
export class PluginState {
  readonly #files: HostFiles
  readonly #folder: string
  #given: readonly Ip[] = []
  #failure: PluginFailure | undefined

  constructor(files: HostFiles, folder: string) {
    this.#files = files
    this.#folder = folder
  }

  read(): void {
    this.#given = readGivenAddresses(this.#files.list(`${this.#folder}/${ADDRESSES_FOLDER}`) ?? [])
    this.#failure = readPluginFailure(this.#files.readText(`${this.#folder}/${LAST_FAILURE_FILE}`))
  }

  view(podCidrs: readonly Prefix[]): PluginStateView {
    return { ...sortAllocations(podCidrs, this.#given), failure: this.#failure }
  }

  problems(podCidrs: readonly Prefix[]): readonly CniProblem[] {
    return pluginProblems(podCidrs, sortAllocations(podCidrs, this.#given), this.#failure)
  }
}
