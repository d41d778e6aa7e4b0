import { ConntrackSweep } from '#datapath/conntrack.ts'
import type { Applied } from '#datapath/applied.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import { decodeCt4Key } from '#wire/bpf/ct4-key.ts'
import { decodeCtEntry } from '#wire/bpf/ct-entry.ts'
import { monotonicNs } from '#agents/agent/clock-ns.ts'

/** Deletions in one go; between goes other work has its turn. */
const BATCH_ENTRIES = 4096

export interface ConntrackState {
  readonly entries: number
  readonly collected: number
  readonly lastSweepWallMs: number | undefined
}

/** Sweeps connections out of the map that had no packet for their timeout. The map throws out the oldest by itself when it is full. */
export class Conntrack {
  readonly #maps: BpfMaps
  readonly #clock: Clock
  #state: ConntrackState = { entries: 0, collected: 0, lastSweepWallMs: undefined }

  constructor(maps: BpfMaps, clock: Clock) {
    this.#maps = maps
    this.#clock = clock
  }

  state(): ConntrackState {
    return this.#state
  }

  async sweep(applied: Applied, signal: AbortSignal): Promise<void> {
    const map = this.#maps.map('ct4')
    const sweep = new ConntrackSweep(applied.reverseNats, monotonicNs(this.#clock))
    for (const chunk of map.chunks()) {
      for (const { key: octets, value } of chunk) {
        const key = decodeCt4Key(octets)
        const entry = decodeCtEntry(value)
        if (key.ok && entry.ok) sweep.see(key.value, entry.value, octets)
      }
      await this.#clock.sleep(0, signal)
    }
    const expired = sweep.expired()
    for (let start = 0; start < expired.length; start += BATCH_ENTRIES) {
      map.deleteBatch(expired.slice(start, start + BATCH_ENTRIES))
      await this.#clock.sleep(0, signal)
    }
    this.#state = {
      entries: sweep.seen - expired.length,
      collected: this.#state.collected + expired.length,
      lastSweepWallMs: this.#clock.nowMs(),
    }
  }
}
