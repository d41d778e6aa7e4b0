import type { Ip } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import type { L4Protocol } from '#model/service.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { CT_DIRECTION } from './consts.ts'
import { be16, be32, u8, u16 } from './field.ts'
import { IPPROTO, protocolOfNumber } from './protocol.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Key of map `ct4`: the tuple of the packet as it arrives. */
export interface Ct4Key {
  readonly sourceAddress: Ip
  readonly destinationAddress: Ip
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: L4Protocol
  readonly direction: CtDirection
}

/** `forward`: client -> VIP; `reply`: backend -> what it answers to. */
export type CtDirection = 'forward' | 'reply'

export const CT4_KEY_LAYOUT = {
  struct: 'ct4_key',
  lengthOctets: 16,
  fields: {
    saddr: be32(0),
    daddr: be32(4),
    sport: be16(8),
    dport: be16(10),
    proto: u8(12),
    direction: u8(13),
    pad: u16(14),
  },
}

export function encodeCt4Key(key: Ct4Key): Uint8Array {
  const view = newStruct(CT4_KEY_LAYOUT)
  const { fields } = CT4_KEY_LAYOUT
  writeIpv4(view, fields.saddr, key.sourceAddress)
  writeIpv4(view, fields.daddr, key.destinationAddress)
  writeUint(view, fields.sport, key.sourcePort)
  writeUint(view, fields.dport, key.destinationPort)
  writeUint(view, fields.proto, IPPROTO[key.protocol])
  writeUint(view, fields.direction, key.direction === 'reply' ? CT_DIRECTION.CT_REPLY : CT_DIRECTION.CT_FORWARD)
  return structBytes(view)
}

export function decodeCt4Key(bytes: Uint8Array): Result<Ct4Key, StructDefect> {
  const view = viewStruct(bytes, CT4_KEY_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = CT4_KEY_LAYOUT
  const proto = readUint(view.value, fields.proto)
  const protocol = protocolOfNumber(proto)
  if (protocol === undefined) return err({ code: 'UnknownValue', struct, field: 'proto', value: proto })
  const direction = readUint(view.value, fields.direction)
  if (direction !== CT_DIRECTION.CT_FORWARD && direction !== CT_DIRECTION.CT_REPLY) {
    return err({ code: 'UnknownValue', struct, field: 'direction', value: direction })
  }
  return ok({
    sourceAddress: readIpv4(view.value, fields.saddr),
    destinationAddress: readIpv4(view.value, fields.daddr),
    sourcePort: readUint(view.value, fields.sport),
    destinationPort: readUint(view.value, fields.dport),
    protocol,
    direction: direction === CT_DIRECTION.CT_REPLY ? 'reply' : 'forward',
  })
}
