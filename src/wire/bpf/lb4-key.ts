import type { Ip } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import type { L4Protocol } from '#model/service.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { LB_SCOPE } from './consts.ts'
import { be16, be32, u8, u16 } from './field.ts'
import { IPPROTO, protocolOfNumber } from './protocol.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Key of map `lb4_services`: a frontend and a slot. Slot 0 is the head. */
export interface Lb4Key {
  readonly address: Ip
  readonly port: number
  readonly slot: number
  readonly protocol: L4Protocol
  /** Which of the two backend sets of an address with a Local traffic policy; `external` when there is one set. */
  readonly scope: LbScope
}

export type LbScope = 'external' | 'internal'

export const LB4_KEY_LAYOUT = {
  struct: 'lb4_key',
  lengthOctets: 12,
  fields: { address: be32(0), port: be16(4), slot: u16(6), proto: u8(8), scope: u8(9), pad: u16(10) },
}

export function encodeLb4Key(key: Lb4Key): Uint8Array {
  const view = newStruct(LB4_KEY_LAYOUT)
  const { fields } = LB4_KEY_LAYOUT
  writeIpv4(view, fields.address, key.address)
  writeUint(view, fields.port, key.port)
  writeUint(view, fields.slot, key.slot)
  writeUint(view, fields.proto, IPPROTO[key.protocol])
  writeUint(view, fields.scope, key.scope === 'internal' ? LB_SCOPE.LB_SCOPE_INTERNAL : LB_SCOPE.LB_SCOPE_EXTERNAL)
  return structBytes(view)
}

export function decodeLb4Key(bytes: Uint8Array): Result<Lb4Key, StructDefect> {
  const view = viewStruct(bytes, LB4_KEY_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = LB4_KEY_LAYOUT
  const proto = readUint(view.value, fields.proto)
  const protocol = protocolOfNumber(proto)
  if (protocol === undefined) return err({ code: 'UnknownValue', struct, field: 'proto', value: proto })
  const scope = readUint(view.value, fields.scope)
  if (scope !== LB_SCOPE.LB_SCOPE_EXTERNAL && scope !== LB_SCOPE.LB_SCOPE_INTERNAL) {
    return err({ code: 'UnknownValue', struct, field: 'scope', value: scope })
  }
  return ok({
    address: readIpv4(view.value, fields.address),
    port: readUint(view.value, fields.port),
    slot: readUint(view.value, fields.slot),
    protocol,
    scope: scope === LB_SCOPE.LB_SCOPE_INTERNAL ? 'internal' : 'external',
  })
}
