import { type Ip, ipFromBytes, ipToBytes } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import { OVERLAY_FAMILY, OVERLAY_FLAGS } from './consts.ts'
import { octets, u16, u8 } from './field.ts'
import {
  newStruct,
  readOctets,
  readUint,
  type StructDefect,
  structBytes,
  viewStruct,
  writeOctets,
  writeUint,
} from './struct-layout.ts'

/** Value of maps `overlay4` and `overlay6`: the node that has a prefix. */
export interface OverlayPeer {
  /** Of the node on the network between the nodes, IPv4 or IPv6, whatever the prefix is. */
  readonly address: Ip
  /** Packets to the prefix go through the overlay. If not, packets from it may come from there all the same. */
  readonly isDestination: boolean
}

export const OVERLAY_PEER_LAYOUT = {
  struct: 'overlay_peer',
  lengthOctets: 20,
  fields: { address: octets(0, 16), family: u8(16), flags: u8(17), pad: u16(18) },
}

export function encodeOverlayPeer({ address, isDestination }: OverlayPeer): Uint8Array {
  const view = newStruct(OVERLAY_PEER_LAYOUT)
  const { fields } = OVERLAY_PEER_LAYOUT
  writeOctets(view, fields.address, ipToBytes(address))
  writeUint(view, fields.family, address.family === 'IPv4' ? OVERLAY_FAMILY.OVERLAY_IPV4 : OVERLAY_FAMILY.OVERLAY_IPV6)
  writeUint(view, fields.flags, isDestination ? OVERLAY_FLAGS.OVERLAY_DESTINATION : 0)
  return structBytes(view)
}

export function decodeOverlayPeer(bytes: Uint8Array): Result<OverlayPeer, StructDefect> {
  const view = viewStruct(bytes, OVERLAY_PEER_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = OVERLAY_PEER_LAYOUT
  const family = readUint(view.value, fields.family)
  if (family !== OVERLAY_FAMILY.OVERLAY_IPV4 && family !== OVERLAY_FAMILY.OVERLAY_IPV6)
    return err({ code: 'UnknownValue', struct, field: 'family', value: family })
  const lengthOctets = family === OVERLAY_FAMILY.OVERLAY_IPV4 ? 4 : 16
  return ok({
    address: ipFromBytes(readOctets(view.value, fields.address, lengthOctets)),
    isDestination: (readUint(view.value, fields.flags) & OVERLAY_FLAGS.OVERLAY_DESTINATION) !== 0,
  })
}
