import type { Ip } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import type { L4Protocol } from '#model/service.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { be16, be32, u8 } from './field.ts'
import { IPPROTO, protocolOfNumber } from './protocol.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Key of map `fragments4`: a datagram in fragments, as they arrive (RFC 791 section 3.2). */
export interface Fragment4Key {
  readonly sourceAddress: Ip
  readonly destinationAddress: Ip
  /** The field Identification. */
  readonly id: number
  readonly protocol: L4Protocol
}

/** Value of map `fragments4`: what only the first fragment says. */
export interface Fragment4 {
  readonly sourcePort: number
  readonly destinationPort: number
}

export const FRAGMENT4_KEY_LAYOUT = {
  struct: 'fragment4_key',
  lengthOctets: 12,
  fields: { saddr: be32(0), daddr: be32(4), id: be16(8), proto: u8(10), pad: u8(11) },
}

export const FRAGMENT4_LAYOUT = {
  struct: 'fragment4',
  lengthOctets: 4,
  fields: { sport: be16(0), dport: be16(2) },
}

export function encodeFragment4Key(key: Fragment4Key): Uint8Array {
  const view = newStruct(FRAGMENT4_KEY_LAYOUT)
  const { fields } = FRAGMENT4_KEY_LAYOUT
  writeIpv4(view, fields.saddr, key.sourceAddress)
  writeIpv4(view, fields.daddr, key.destinationAddress)
  writeUint(view, fields.id, key.id)
  writeUint(view, fields.proto, IPPROTO[key.protocol])
  return structBytes(view)
}

export function decodeFragment4Key(bytes: Uint8Array): Result<Fragment4Key, StructDefect> {
  const view = viewStruct(bytes, FRAGMENT4_KEY_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = FRAGMENT4_KEY_LAYOUT
  const proto = readUint(view.value, fields.proto)
  const protocol = protocolOfNumber(proto)
  if (protocol === undefined) return err({ code: 'UnknownValue', struct, field: 'proto', value: proto })
  return ok({
    sourceAddress: readIpv4(view.value, fields.saddr),
    destinationAddress: readIpv4(view.value, fields.daddr),
    id: readUint(view.value, fields.id),
    protocol,
  })
}

export function encodeFragment4(fragment: Fragment4): Uint8Array {
  const view = newStruct(FRAGMENT4_LAYOUT)
  writeUint(view, FRAGMENT4_LAYOUT.fields.sport, fragment.sourcePort)
  writeUint(view, FRAGMENT4_LAYOUT.fields.dport, fragment.destinationPort)
  return structBytes(view)
}

export function decodeFragment4(bytes: Uint8Array): Result<Fragment4, StructDefect> {
  const view = viewStruct(bytes, FRAGMENT4_LAYOUT)
  if (!view.ok) return view
  return ok({
    sourcePort: readUint(view.value, FRAGMENT4_LAYOUT.fields.sport),
    destinationPort: readUint(view.value, FRAGMENT4_LAYOUT.fields.dport),
  })
}
