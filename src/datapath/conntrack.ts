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

export interface CtReading {
  readonly key: Ct4Key
  readonly entry: CtEntry
}

/**
 * Which entries may go: those of flows of which neither direction had a packet within its timeout. The two entries of a flow go together, as
 * a flow may send in one direction only.
 */
export function expiredEntries<R extends CtReading>(
  readings: readonly R[],
  reverseNats: ReadonlyMap<number, Lb4ReverseNat>,
  nowNs: bigint,
): readonly R[] {
  const idle = readings.filter(({ key, entry }) => !isAlive(key, entry, nowNs))
  if (idle.length === 0) return []
  const alive = new Set<string>()
  for (const reading of readings) {
    if (isAlive(reading.key, reading.entry, nowNs)) alive.add(flowOf(reading, reverseNats))
  }
  return idle.filter((reading) => !alive.has(flowOf(reading, reverseNats)))
}

function isAlive(key: Ct4Key, entry: CtEntry, nowNs: bigint): boolean {
  return nowNs < entry.lastSeenNs + BigInt(timeoutSeconds(key, entry)) * NS_PER_SECOND
}

/** A name that both entries of a flow have: client, frontend and backend. */
function flowOf({ key, entry }: CtReading, reverseNats: ReadonlyMap<number, Lb4ReverseNat>): string {
  const numbers = `${key.protocol} ${entry.frontendId} ${entry.backendId}`
  if (key.direction === 'forward') {
    return `${numbers} ${formatIp(key.sourceAddress)}:${key.sourcePort} ${formatIp(key.destinationAddress)}:${key.destinationPort}`
  }
  const frontend = reverseNats.get(entry.frontendId)
  const client = entry.natAddress === undefined ? '' : formatIp(entry.natAddress)
  return `${numbers} ${client}:${entry.natPort} ${frontend === undefined ? '' : formatIp(frontend.address)}:${frontend?.port ?? 0}`
}
