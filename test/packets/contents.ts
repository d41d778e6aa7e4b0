import { formatIp } from '#model/ip.ts'
import type { Result } from '#model/result.ts'
import type { BpfMapName, BpfMaps } from '#ports/bpf-maps.ts'
import { COUNTER_ID, CT_FLAGS, DROP_REASON } from '#wire/bpf/consts.ts'
import { decodeCounterOfCpus } from '#wire/bpf/counter.ts'
import { decodeCt4Key } from '#wire/bpf/ct4-key.ts'
import { type CtEntry, decodeCtEntry } from '#wire/bpf/ct-entry.ts'
import { decodeL2Entry, decodeL2Key4 } from '#wire/bpf/l2-responder4.ts'
import { formatTcpFlags } from './packet-octets.ts'

/** What a run leaves in the maps, readable. Moments are left out. */
export interface Contents {
  /** One line an entry, sorted. */
  readonly ct: readonly string[]
  /** Packets by reason; those that are 0 are left out. */
  readonly drops: Readonly<Record<string, number>>
  readonly counters: Readonly<Record<string, number>>
  readonly l2: readonly string[]
}

export function readContents(maps: BpfMaps): Contents {
  return {
    ct: maps
      .map('ct4')
      .entries()
      .map(({ key, value }) => formatCt(key, value))
      .sort(),
    drops: readCounters(maps, 'drops', DROP_REASON),
    counters: readCounters(maps, 'counters', COUNTER_ID),
    l2: maps
      .map('l2_responder4')
      .entries()
      .map(({ key, value }) => formatL2(key, value))
      .sort(),
  }
}

function formatCt(keyOctets: Uint8Array, valueOctets: Uint8Array): string {
  const key = must(decodeCt4Key(keyOctets))
  const entry = must(decodeCtEntry(valueOctets))
  const from = `${formatIp(key.sourceAddress)}:${key.sourcePort}`
  const to = `${formatIp(key.destinationAddress)}:${key.destinationPort}`
  return [
    `${key.direction} ${key.protocol} ${from} > ${to}`,
    `frontend ${entry.frontendId} backend ${entry.backendId} ${formatNat(entry)}`,
    `${entry.packets} packets ${formatCtFlags(entry.flags)}`,
    key.protocol === 'TCP' ? `seen ${formatTcpFlags(entry.tcpFlagsSeen) || 'nothing'}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function formatNat({ natAddress, natPort }: CtEntry): string {
  return natAddress === undefined
    ? `nat none${natPort === 0 ? '' : ` but port ${natPort}`}`
    : `nat ${formatIp(natAddress)}:${natPort}`
}

function formatCtFlags(flags: number): string {
  const names = Object.entries(CT_FLAGS).filter(([, bit]) => (flags & bit) !== 0)
  return names.map(([name]) => name).join(' ') || 'no flags'
}

function formatL2(keyOctets: Uint8Array, valueOctets: Uint8Array): string {
  const key = must(decodeL2Key4(keyOctets))
  const entry = must(decodeL2Entry(valueOctets))
  const conflict = entry.conflictNs === 0n ? 'no conflict' : `conflict with ${entry.conflictMac}`
  return `${formatIp(key.address)} ${entry.mac}, ${entry.replies} replies, ${conflict}`
}

function readCounters(
  maps: BpfMaps,
  name: BpfMapName,
  names: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const counts = maps
    .map(name)
    .entries()
    .map(({ key, value }) => {
      const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true)
      const named = Object.entries(names).find(([, number]) => number === index)?.[0] ?? `number ${index}`
      return [named, Number(must(decodeCounterOfCpus(value)).packets)] as const
    })
  return Object.fromEntries(counts.filter(([, packets]) => packets !== 0))
}

export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
