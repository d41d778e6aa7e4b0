import type { AnnouncerState, AnnouncingDevice } from '#l2/announcer.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Log } from '#ports/log.ts'
import {
  decodeL2Entry,
  decodeL2Key4,
  encodeL2Entry,
  encodeL2Key4,
  type L2Entry,
  newL2Entry,
} from '#wire/bpf/l2-responder4.ts'

/** The addresses for which the kernel answers ARP, by interface. */
export interface ResponderEntry {
  readonly address: Ip
  /** `formatIp` of it. */
  readonly text: string
  readonly ifindex: number
  readonly entry: L2Entry
}

/** All that can be read; what cannot is deleted. */
export function readResponder(maps: BpfMaps): readonly ResponderEntry[] {
  const map = maps.map('l2_responder4')
  return map.entries().flatMap(({ key, value }) => {
    const decoded = decodeL2Key4(key)
    const entry = decodeL2Entry(value)
    if (decoded.ok && entry.ok) {
      const { address, ifindex } = decoded.value
      return [{ address, text: formatIp(address), ifindex, entry: entry.value }]
    }
    map.delete(key)
    return []
  })
}

/** An entry that is right keeps its counter. */
export function putResponder(maps: BpfMaps, address: Ip, { ifindex, mac }: AnnouncingDevice): void {
  const map = maps.map('l2_responder4')
  const key = encodeL2Key4({ address, ifindex })
  const known = map.lookup(key)
  const entry = known === undefined ? undefined : decodeL2Entry(known)
  if (entry?.ok !== true || entry.value.mac !== mac) map.update(key, encodeL2Entry(newL2Entry(mac)))
}

export function deleteResponder(maps: BpfMaps, address: Ip, device: Pick<AnnouncingDevice, 'ifindex'>): void {
  maps.map('l2_responder4').delete(encodeL2Key4({ address, ifindex: device.ifindex }))
}

/** What is announced against what the responder holds: the latter is put right. */
export function repairResponder(
  { maps, log }: { readonly maps: BpfMaps; readonly log: Log },
  entries: readonly ResponderEntry[],
  announcements: ReadonlyMap<string, { readonly address: Ip; readonly state: AnnouncerState }>,
): void {
  const there = new Set(entries.map(({ text, ifindex, entry }) => `${text}%${ifindex}%${entry.mac}`))
  const wanted = new Set<string>()
  for (const [text, { address, state }] of announcements) {
    if (state.kind !== 'Announcing') continue
    for (const device of state.devices) {
      wanted.add(`${text}%${device.ifindex}`)
      if (there.has(`${text}%${device.ifindex}%${device.mac}`)) continue
      log.warn('Responder entry was missing or wrong, put again', { address: text, device: device.name })
      putResponder(maps, address, device)
    }
  }
  for (const { address, text, ifindex } of entries) {
    if (wanted.has(`${text}%${ifindex}`)) continue
    log.warn('Responder entry was not wanted, deleted', { address: text, ifindex })
    deleteResponder(maps, address, { ifindex })
  }
}
