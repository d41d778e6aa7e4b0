import type { AnnouncingDevice } from '#l2/announcer.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
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
