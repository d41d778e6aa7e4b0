/** BPF maps by name, as octets; `src/wire/bpf` gives them meaning. The real ones are pinned and outlive the agent. */

/** The name of a map in `bpf/include/maps.h`, and of its pin. */
export type BpfMapName =
  | 'lb4_services'
  | 'lb4_backends'
  | 'lb4_reverse_nat'
  | 'ct4'
  | 'sock4_reverse'
  | 'fragments4'
  | 'l2_responder4'
  | 'agent_config'
  | 'overlay4'
  | 'overlay6'
  | 'overlay_config'
  | 'answer_buckets'
  | 'drops'
  | 'counters'

export type BpfMapFailure =
  | { readonly code: 'MapFull'; readonly map: BpfMapName; readonly maxEntries: number }
  /** `errno`: the kernel's name for it, `EPERM`. */
  | { readonly code: 'SystemCall'; readonly map: BpfMapName; readonly call: string; readonly errno: string }

export class BpfMapError extends Error {
  override readonly name = 'BpfMapError'
  readonly failure: BpfMapFailure
  constructor(failure: BpfMapFailure) {
    super(
      failure.code === 'MapFull'
        ? `BPF map ${failure.map} is full at ${failure.maxEntries} entries`
        : `${failure.call} on BPF map ${failure.map} failed with ${failure.errno}`,
    )
    this.failure = failure
  }
}

export interface BpfMapEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** One map. Everything throws `BpfMapError` when the kernel refuses. */
export interface BpfMap {
  readonly name: BpfMapName
  readonly keyLengthOctets: number
  /** For a per-CPU map: the value of one CPU; `lookup` and `entries` then give the values of all CPUs one after another. */
  readonly valueLengthOctets: number
  readonly maxEntries: number
  /** A snapshot of all entries, in no order. */
  entries(): readonly BpfMapEntry[]
  /**
   * All entries, some thousand at a time, each lot read when it is asked for: for maps that are too large to hold at once. What is put or
   * deleted meanwhile may be in it or not; what stays is in it once.
   */
  chunks(): Iterable<readonly BpfMapEntry[]>
  lookup(key: Uint8Array): Uint8Array | undefined
  /** Puts or replaces. Throws `MapFull` when there is no room. */
  update(key: Uint8Array, value: Uint8Array): void
  /** Puts or replaces many, in order, in as few system calls as the kernel allows. */
  updateBatch(entries: readonly BpfMapEntry[]): void
  /** False when the key was not there. */
  delete(key: Uint8Array): boolean
  deleteBatch(keys: readonly Uint8Array[]): void
}

export interface BpfMaps {
  map(name: BpfMapName): BpfMap
  close(): void
}
