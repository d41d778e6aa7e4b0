import type { Ip } from '#model/ip.ts'
import { type Mac, macFromBytes, macToBytes } from '#model/mac.ts'
import { ok, type Result } from '#model/result.ts'
import { readIpv4, writeIpv4 } from './address.ts'
import { be32, octets, u32, u64 } from './field.ts'
import {
  newStruct,
  readOctets,
  readUint,
  readUint64,
  type StructDefect,
  structBytes,
  viewStruct,
  writeOctets,
  writeUint,
  writeUint64,
} from './struct-layout.ts'

/** Key of map `l2_responder4`: an address that this node answers for, on one interface. */
export interface L2Key4 {
  readonly address: Ip
  readonly ifindex: number
}

/** Value of map `l2_responder4`. */
export interface L2Entry {
  readonly replies: bigint
  /** `bpf_ktime_get_ns()` of the last frame in which another station claimed the address; 0 for never. */
  readonly conflictNs: bigint
  /** Of that station; undefined when there never was one. */
  readonly conflictMac: Mac | undefined
  /** What is answered: the MAC of the interface, which the kernel's side cannot ask for. */
  readonly mac: Mac
}

export const L2_KEY4_LAYOUT = {
  struct: 'l2_key4',
  lengthOctets: 8,
  fields: { address: be32(0), ifindex: u32(4) },
}

export const L2_ENTRY_LAYOUT = {
  struct: 'l2_entry',
  lengthOctets: 32,
  fields: { replies: u64(0), conflict_ns: u64(8), conflict_mac: octets(16, 6), mac: octets(22, 6), pad: u32(28) },
}

/** The entry of an address that was just taken over. */
export function newL2Entry(mac: Mac): L2Entry {
  return { replies: 0n, conflictNs: 0n, conflictMac: undefined, mac }
}

export function encodeL2Key4(key: L2Key4): Uint8Array {
  const view = newStruct(L2_KEY4_LAYOUT)
  writeIpv4(view, L2_KEY4_LAYOUT.fields.address, key.address)
  writeUint(view, L2_KEY4_LAYOUT.fields.ifindex, key.ifindex)
  return structBytes(view)
}

export function decodeL2Key4(bytes: Uint8Array): Result<L2Key4, StructDefect> {
  const view = viewStruct(bytes, L2_KEY4_LAYOUT)
  if (!view.ok) return view
  return ok({
    address: readIpv4(view.value, L2_KEY4_LAYOUT.fields.address),
    ifindex: readUint(view.value, L2_KEY4_LAYOUT.fields.ifindex),
  })
}

export function encodeL2Entry(entry: L2Entry): Uint8Array {
  const view = newStruct(L2_ENTRY_LAYOUT)
  writeUint64(view, L2_ENTRY_LAYOUT.fields.replies, entry.replies)
  writeUint64(view, L2_ENTRY_LAYOUT.fields.conflict_ns, entry.conflictNs)
  if (entry.conflictMac !== undefined) {
    writeOctets(view, L2_ENTRY_LAYOUT.fields.conflict_mac, macToBytes(entry.conflictMac))
  }
  writeOctets(view, L2_ENTRY_LAYOUT.fields.mac, macToBytes(entry.mac))
  return structBytes(view)
}

export function decodeL2Entry(bytes: Uint8Array): Result<L2Entry, StructDefect> {
  const view = viewStruct(bytes, L2_ENTRY_LAYOUT)
  if (!view.ok) return view
  const conflictMac = readOctets(view.value, L2_ENTRY_LAYOUT.fields.conflict_mac)
  return ok({
    replies: readUint64(view.value, L2_ENTRY_LAYOUT.fields.replies),
    conflictNs: readUint64(view.value, L2_ENTRY_LAYOUT.fields.conflict_ns),
    conflictMac: conflictMac.some((octet) => octet !== 0) ? macFromBytes(conflictMac) : undefined,
    mac: macFromBytes(readOctets(view.value, L2_ENTRY_LAYOUT.fields.mac)),
  })
}
