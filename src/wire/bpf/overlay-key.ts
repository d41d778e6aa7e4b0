import { type Family, ipFromBytes, ipToBytes, WIDTH_BITS } from '#model/ip.ts'
import { type Prefix, prefixOf } from '#model/prefix.ts'
import { err, ok, type Result } from '#model/result.ts'
import { be32, octets, u32 } from './field.ts'
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

export const OVERLAY4_KEY_LAYOUT = {
  struct: 'overlay4_key',
  lengthOctets: 8,
  fields: { prefixlen: u32(0), address: be32(4) },
}

export const OVERLAY6_KEY_LAYOUT = {
  struct: 'overlay6_key',
  lengthOctets: 20,
  fields: { prefixlen: u32(0), address: octets(4, 16) },
}

const LAYOUTS = { IPv4: OVERLAY4_KEY_LAYOUT, IPv6: OVERLAY6_KEY_LAYOUT } as const

/** Key of map `overlay4` or `overlay6`, by the family of the prefix: these are longest-prefix tries (BPF_MAP_TYPE_LPM_TRIE). */
export function encodeOverlayKey({ address, lengthBits }: Prefix): Uint8Array {
  const layout = LAYOUTS[address.family]
  const view = newStruct(layout)
  writeUint(view, layout.fields.prefixlen, lengthBits)
  writeOctets(view, layout.fields.address, ipToBytes(address))
  return structBytes(view)
}

/** Host bits, which the kernel does not look at, are cleared. */
export function decodeOverlayKey(family: Family, bytes: Uint8Array): Result<Prefix, StructDefect> {
  const layout = LAYOUTS[family]
  const view = viewStruct(bytes, layout)
  if (!view.ok) return view
  const lengthBits = readUint(view.value, layout.fields.prefixlen)
  if (lengthBits > WIDTH_BITS[family])
    return err({ code: 'UnknownValue', struct: layout.struct, field: 'prefixlen', value: lengthBits })
  return ok(prefixOf(ipFromBytes(readOctets(view.value, layout.fields.address)), lengthBits))
}
