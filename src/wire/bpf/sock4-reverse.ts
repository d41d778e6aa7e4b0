import type { Ip } from '#model/ip.ts'
import { ok, type Result } from '#model/result.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { be16, be32, u16, u32, u64 } from './field.ts'
import {
  newStruct,
  readUint,
  readUint64,
  type StructDefect,
  structBytes,
  viewStruct,
  writeUint,
  writeUint64,
} from './struct-layout.ts'

/** Key of map `sock4_reverse`: a socket and the backend that it really talks to. */
export interface Sock4ReverseKey {
  /** `bpf_get_socket_cookie()` */
  readonly cookie: bigint
  readonly address: Ip
  readonly port: number
}

/** Value of map `sock4_reverse`: the frontend that the socket thinks it talks to. */
export interface Sock4Reverse {
  readonly address: Ip
  readonly port: number
  readonly frontendId: number
}

export const SOCK4_REVERSE_KEY_LAYOUT = {
  struct: 'sock4_reverse_key',
  lengthOctets: 16,
  fields: { cookie: u64(0), address: be32(8), port: be16(12), pad: u16(14) },
}

export const SOCK4_REVERSE_LAYOUT = {
  struct: 'sock4_reverse',
  lengthOctets: 12,
  fields: { address: be32(0), port: be16(4), pad: u16(6), frontend_id: u32(8) },
}

export function encodeSock4ReverseKey(key: Sock4ReverseKey): Uint8Array {
  const view = newStruct(SOCK4_REVERSE_KEY_LAYOUT)
  writeUint64(view, SOCK4_REVERSE_KEY_LAYOUT.fields.cookie, key.cookie)
  writeIpv4(view, SOCK4_REVERSE_KEY_LAYOUT.fields.address, key.address)
  writeUint(view, SOCK4_REVERSE_KEY_LAYOUT.fields.port, key.port)
  return structBytes(view)
}

export function decodeSock4ReverseKey(bytes: Uint8Array): Result<Sock4ReverseKey, StructDefect> {
  const view = viewStruct(bytes, SOCK4_REVERSE_KEY_LAYOUT)
  if (!view.ok) return view
  return ok({
    cookie: readUint64(view.value, SOCK4_REVERSE_KEY_LAYOUT.fields.cookie),
    address: readIpv4(view.value, SOCK4_REVERSE_KEY_LAYOUT.fields.address),
    port: readUint(view.value, SOCK4_REVERSE_KEY_LAYOUT.fields.port),
  })
}

export function encodeSock4Reverse(entry: Sock4Reverse): Uint8Array {
  const view = newStruct(SOCK4_REVERSE_LAYOUT)
  writeIpv4(view, SOCK4_REVERSE_LAYOUT.fields.address, entry.address)
  writeUint(view, SOCK4_REVERSE_LAYOUT.fields.port, entry.port)
  writeUint(view, SOCK4_REVERSE_LAYOUT.fields.frontend_id, entry.frontendId)
  return structBytes(view)
}

export function decodeSock4Reverse(bytes: Uint8Array): Result<Sock4Reverse, StructDefect> {
  const view = viewStruct(bytes, SOCK4_REVERSE_LAYOUT)
  if (!view.ok) return view
  return ok({
    address: readIpv4(view.value, SOCK4_REVERSE_LAYOUT.fields.address),
    port: readUint(view.value, SOCK4_REVERSE_LAYOUT.fields.port),
    frontendId: readUint(view.value, SOCK4_REVERSE_LAYOUT.fields.frontend_id),
  })
}
