import { formatIp, type Ip, WIDTH_BITS } from '#model/ip.ts'
import { formatPrefix, type Prefix, prefixOf } from '#model/prefix.ts'
import { decodeOverlayKey, encodeOverlayKey } from '#wire/bpf/overlay-key.ts'
import { encodeOverlayPeer, type OverlayPeer } from '#wire/bpf/overlay-peer.ts'

/** VNI (RFC 7348) of the overlay unless it is configured: one network holds all pods. */
export const OVERLAY_NETWORK_ID = 2

export const OVERLAY_MAPS = ['overlay4', 'overlay6'] as const
export type OverlayMapName = (typeof OVERLAY_MAPS)[number]

/** A node of which some prefixes of pods are reached through the overlay. */
export interface OverlayNode {
  readonly name: string
  /** Where its end of the overlay is: one of its InternalIPs, IPv4 or IPv6, whatever the prefixes are. */
  readonly underlay: Ip
  /** The prefixes of pods that are reached through it. */
  readonly podCidrs: readonly Prefix[]
  /** All its InternalIPs: what it sends itself may bear them. */
  readonly addresses: readonly Ip[]
}

/** A prefix that two nodes say is theirs. It stays with the first by name. */
export interface OverlayConflict {
  readonly prefix: string
  readonly node: string
  readonly holder: string
}

/** What the two maps are to hold, by prefix. */
export interface DesiredOverlay {
  readonly entries: ReadonlyMap<string, OverlayEntry>
  readonly conflicts: readonly OverlayConflict[]
}

export interface OverlayEntry {
  readonly prefix: Prefix
  readonly peer: OverlayPeer
  readonly node: string
}

/** Prefixes of pods as destinations, and the nodes' own addresses as sources alone: those are reached without the overlay. */
export function desiredOverlay(nodes: Iterable<OverlayNode>): DesiredOverlay {
  const entries = new Map<string, OverlayEntry>()
  const conflicts: OverlayConflict[] = []
  for (const { name, underlay, podCidrs, addresses } of [...nodes].toSorted(byName)) {
    const put = (prefix: Prefix, isDestination: boolean): void => {
      const key = formatPrefix(prefix)
      const holder = entries.get(key)?.node
      if (holder === undefined) entries.set(key, { prefix, peer: { address: underlay, isDestination }, node: name })
      else if (holder !== name) conflicts.push({ prefix: key, node: name, holder })
    }
    for (const prefix of podCidrs) put(prefix, true)
    for (const ip of addresses) put(prefixOf(ip, WIDTH_BITS[ip.family]), false)
  }
  return { entries, conflicts }
}

interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** One operation on the maps, in octets; `value` is undefined for a deletion. */
export interface OverlayOp {
  readonly map: OverlayMapName
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
  /** `put 10.244.1.0/24 at 192.168.10.216`: for logs and errors. */
  readonly text: string
}

/**
 * What turns the maps into `desired`. Puts come before deletes, so that a prefix that moves to another node is never without one; within
 * both by prefix, so that a plan always reads the same. What is in a map and cannot be read is deleted.
 */
export function planOverlay(
  desired: ReadonlyMap<string, OverlayEntry>,
  observed: { readonly [map in OverlayMapName]: readonly Entry[] },
): readonly OverlayOp[] {
  const wanted = Array.from(desired.values(), encodeEntry).toSorted(byText)
  const present = new Map(
    OVERLAY_MAPS.flatMap((map) => observed[map].map(({ key, value }) => [nameOf(map, key), { map, key, value }])),
  )
  const puts = wanted.filter(({ map, key, value }) => !sameOctets(present.get(nameOf(map, key))?.value, value))
  const kept = new Set(wanted.map(({ map, key }) => nameOf(map, key)))
  const deletes = [...present]
    .filter(([name]) => !kept.has(name))
    .map(([name, { map, key }]) => ({ map, key, value: undefined, text: `delete ${name}` }))
  return [...puts, ...deletes.toSorted(byText)]
}

function encodeEntry({ prefix, peer }: OverlayEntry): OverlayOp {
  return {
    map: prefix.address.family === 'IPv4' ? 'overlay4' : 'overlay6',
    key: encodeOverlayKey(prefix),
    value: encodeOverlayPeer(peer),
    text: `put ${formatPrefix(prefix)} at ${formatIp(peer.address)}`,
  }
}

/** `10.244.1.0/24`; the octets where they are no prefix. */
function nameOf(map: OverlayMapName, key: Uint8Array): string {
  const prefix = decodeOverlayKey(map === 'overlay4' ? 'IPv4' : 'IPv6', key)
  return prefix.ok ? formatPrefix(prefix.value) : `${map} key ${[...key].join(' ')}`
}

function sameOctets(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((octet, index) => octet === b[index])
}

function byName(a: OverlayNode, b: OverlayNode): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function byText(a: OverlayOp, b: OverlayOp): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0
}
