import type { BpfMaps } from '#ports/bpf-maps.ts'
import { decodeCt4Key } from '#wire/bpf/ct4-key.ts'
import { type CtEntry, decodeCtEntry, encodeCtEntry } from '#wire/bpf/ct-entry.ts'
import { must, readContents } from './contents.ts'
import { CLIENT_MAC, LAN_MAC, NODE1_MAC } from './namespaces.ts'
import { type Packet, tcp } from './packet.ts'
import { type BackendScene, REMOTE_BACKEND, WEB } from './scene.ts'

export const REMOTE_WEB = { ...WEB, backends: [REMOTE_BACKEND] }
export const OTHER_LOCAL: BackendScene = { id: 3, end: '10.244.0.8:8080', local: true }
export const OTHER_REMOTE: BackendScene = { id: 4, end: '10.244.1.8:8080', local: false }

/** What the backend on this node sends, as it leaves the device: the stack has put the MACs. */
export function fromLocal(flags: string, fields: Partial<Packet> = {}): Packet {
  const macs = { sourceMac: LAN_MAC, destinationMac: CLIENT_MAC }
  return tcp(flags, { ...macs, source: '10.244.0.7:8080', destination: '192.168.10.50:40000', ttl: 63, ...fields })
}

/** What the backend on another node sends, as it comes in. */
export function fromRemote(flags: string, fields: Partial<Packet> = {}): Packet {
  const macs = { sourceMac: NODE1_MAC, destinationMac: LAN_MAC }
  return tcp(flags, { ...macs, source: '10.244.1.7:8080', destination: '192.168.10.215:40000', ttl: 63, ...fields })
}

/** Flags of the first entry of a direction, by name. */
export function flagsOf(maps: BpfMaps, direction: 'forward' | 'reply'): string {
  const line = readContents(maps).ct.find((entry) => entry.startsWith(direction))
  return line?.split(', ')[2]?.replace(/^\d+ packets /, '') ?? 'no entry'
}

/** Makes all flows older, as if nothing had come for so long. */
export function age(maps: BpfMaps, seconds: number): void {
  changeEntries(maps, ['forward', 'reply'], (entry) => older(entry, seconds))
}

/** Makes only the entries of replies older. */
export function ageReplies(maps: BpfMaps, seconds: number): void {
  changeEntries(maps, ['reply'], (entry) => older(entry, seconds))
}

function older(entry: CtEntry, seconds: number): CtEntry {
  return { ...entry, lastSeenNs: entry.lastSeenNs - BigInt(seconds) * 1_000_000_000n }
}

function changeEntries(maps: BpfMaps, directions: readonly string[], change: (entry: CtEntry) => CtEntry): void {
  const map = maps.map('ct4')
  for (const { key, value } of map.entries()) {
    if (!directions.includes(must(decodeCt4Key(key)).direction)) continue
    map.update(key, encodeCtEntry(change(must(decodeCtEntry(value)))))
  }
}
