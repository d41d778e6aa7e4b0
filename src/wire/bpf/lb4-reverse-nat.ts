import type { Ip } from '#model/ip.ts'
import { ok, type Result } from '#model/result.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { be16, be32, u16, u32 } from './field.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Value of map `lb4_reverse_nat`: what a reply must bear as its source. Its key is the frontend id. */
export interface Lb4ReverseNat {
  readonly address: Ip
  readonly port: number
}

export const LB4_REVERSE_NAT_LAYOUT = {
  struct: 'lb4_reverse_nat',
  lengthOctets: 8,
  fields: { address: be32(0), port: be16(4), pad: u16(6) },
}

const FRONTEND_ID_LAYOUT = { struct: 'frontend_id', lengthOctets: 4, fields: { id: u32(0) } }

/** Key of map `lb4_reverse_nat`: a u32, never 0. */
export function encodeFrontendId(id: number): Uint8Array {
  const view = newStruct(FRONTEND_ID_LAYOUT)
  writeUint(view, FRONTEND_ID_LAYOUT.fields.id, id)
  return structBytes(view)
}

export function decodeFrontendId(bytes: Uint8Array): Result<number, StructDefect> {
  const view = viewStruct(bytes, FRONTEND_ID_LAYOUT)
  return view.ok ? ok(readUint(view.value, FRONTEND_ID_LAYOUT.fields.id)) : view
}

export function encodeLb4ReverseNat(entry: Lb4ReverseNat): Uint8Array {
  const view = newStruct(LB4_REVERSE_NAT_LAYOUT)
  writeIpv4(view, LB4_REVERSE_NAT_LAYOUT.fields.address, entry.address)
  writeUint(view, LB4_REVERSE_NAT_LAYOUT.fields.port, entry.port)
  return structBytes(view)
}

export function decodeLb4ReverseNat(bytes: Uint8Array): Result<Lb4ReverseNat, StructDefect> {
  const view = viewStruct(bytes, LB4_REVERSE_NAT_LAYOUT)
  if (!view.ok) return view
  return ok({
    address: readIpv4(view.value, LB4_REVERSE_NAT_LAYOUT.fields.address),
    port: readUint(view.value, LB4_REVERSE_NAT_LAYOUT.fields.port),
  })
}
