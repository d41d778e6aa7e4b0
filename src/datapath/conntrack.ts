import { formatIp } from '#model/ip.ts'
import { CT_FLAGS, CT_TIMEOUT_SECONDS } from '#wire/bpf/consts.ts'
import type { Ct4Key } from '#wire/bpf/ct4-key.ts'
import type { CtEntry } from '#wire/bpf/ct-entry.ts'
import type { Lb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'

const NS_PER_SECOND = 1_000_000_000n

/** How long a flow is remembered after its last packet, as the kernel's side has it. */
export function timeoutSeconds(key: Ct4Key, entry: CtEntry): number {
  if (key.protocol !== 'TCP') return CT_TIMEOUT_SECONDS.CT_TIMEOUT_ANY
  const closing = CT_FLAGS.CT_FORWARD_CLOSING | CT_FLAGS.CT_REPLY_CLOSING
  if ((entry.flags & closing) === closing || (entry.flags & CT_FLAGS.CT_RST) !== 0)
    return CT_TIMEOUT_SECONDS.CT_TIMEOUT_TCP_CLOSED
  return (entry.flags & CT_FLAGS.CT_SEEN_REPLY) === 0
    ? CT_TIMEOUT_SECONDS.CT_TIMEOUT_TCP_OPENING
    : CT_TIMEOUT_SECONDS.CT_TIMEOUT_TCP
}

/**
 * Finds the entries of flows of which neither direction had a packet within its timeout. The two entries of a flow go together, as a flow may
 * send in one direction only. Entries are seen one by one, so that a large table is never held whole: what is kept is the keys of the idle.
 */
export class ConntrackSweep {
  readonly #reverseNats: ReadonlyMap<number, Lb4ReverseNat>
  readonly #nowNs: bigint
  /** Keys by the name of their flow. */
  readonly #idle = new Map<string, Uint8Array[]>()
  /** Flows with an entry that is alive. */
  readonly #alive = new Set<string>()
  #seen = 0

  constructor(reverseNats: ReadonlyMap<number, Lb4ReverseNat>, nowNs: bigint) {
    this.#reverseNats = reverseNats
    this.#nowNs = nowNs
  }

  /** How many entries it was shown. */
  get seen(): number {
    return this.#seen
  }

  /** `octets` is the key as the map has it. */
  see(key: Ct4Key, entry: CtEntry, octets: Uint8Array): void {
    this.#seen += 1
    const flow = flowOf(key, entry, this.#reverseNats)
    if (isAlive(key, entry, this.#nowNs)) {
      this.#alive.add(flow)
      this.#idle.delete(flow)
    } else if (!this.#alive.has(flow)) {
      const others = this.#idle.get(flow)
      if (others === undefined) this.#idle.set(flow, [octets])
      else others.push(octets)
    }
  }

  /** Keys of the entries that may go. */
  expired(): readonly Uint8Array[] {
    return [...this.#idle.values()].flat()
  }
}

function isAlive(key: Ct4Key, entry: CtEntry, nowNs: bigint): boolean {
  return nowNs < entry.lastSeenNs + BigInt(timeoutSeconds(key, entry)) * NS_PER_SECOND
}

/** A name that both entries of a flow have: client, frontend and backend. */
function flowOf(key: Ct4Key, entry: CtEntry, reverseNats: ReadonlyMap<number, Lb4ReverseNat>): string {
  const numbers = `${key.protocol} ${entry.frontendId} ${entry.backendId}`
  if (key.direction === 'forward') {
    return `${numbers} ${formatIp(key.sourceAddress)}:${key.sourcePort} ${formatIp(key.destinationAddress)}:${key.destinationPort}`
  }
  const frontend = reverseNats.get(entry.frontendId)
  const client = entry.natAddress === undefined ? '' : formatIp(entry.natAddress)
  return `${numbers} ${client}:${entry.natPort} ${frontend === undefined ? '' : formatIp(frontend.address)}:${frontend?.port ?? 0}`
}
