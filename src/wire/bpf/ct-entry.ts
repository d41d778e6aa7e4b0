import type { Family, Ip } from '#model/ip.ts'
import { ok, type Result } from '#model/result.ts'
import { readOptionalIp, writeOptionalIp } from './address.ts'
import { be16, octets, u8, u16, u32, u64 } from './field.ts'
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

/** Value of map `ct4` and, later, `ct6`. Times are of `bpf_ktime_get_ns()` (CLOCK_MONOTONIC). */
export interface CtEntry {
  readonly lastSeenNs: bigint
  readonly createdNs: bigint
  readonly packets: bigint
  readonly bytes: bigint
  readonly frontendId: number
  readonly backendId: number
  /** Direction forward: the source that the backend sees, undefined when it is the client's own. Reply: the client. */
  readonly natAddress: Ip | undefined
  readonly natPort: number
  /** Bits of `CT_FLAGS`. */
  readonly flags: number
  /** All TCP flags that were seen in this direction, or'ed (RFC 9293 section 3.1, FIN is 1). */
  readonly tcpFlagsSeen: number
}

export const CT_ENTRY_LAYOUT = {
  struct: 'ct_entry',
  lengthOctets: 64,
  fields: {
    last_seen_ns: u64(0),
    created_ns: u64(8),
    packets: u64(16),
    bytes: u64(24),
    frontend_id: u32(32),
    backend_id: u32(36),
    nat_address: octets(40, 16),
    nat_port: be16(56),
    flags: u16(58),
    tcp_flags_seen: u8(60),
    pad: octets(61, 3),
  },
}

export function encodeCtEntry(entry: CtEntry): Uint8Array {
  const view = newStruct(CT_ENTRY_LAYOUT)
  const { fields } = CT_ENTRY_LAYOUT
  writeUint64(view, fields.last_seen_ns, entry.lastSeenNs)
  writeUint64(view, fields.created_ns, entry.createdNs)
  writeUint64(view, fields.packets, entry.packets)
  writeUint64(view, fields.bytes, entry.bytes)
  writeUint(view, fields.frontend_id, entry.frontendId)
  writeUint(view, fields.backend_id, entry.backendId)
  writeOptionalIp(view, fields.nat_address, entry.natAddress)
  writeUint(view, fields.nat_port, entry.natPort)
  writeUint(view, fields.flags, entry.flags)
  writeUint(view, fields.tcp_flags_seen, entry.tcpFlagsSeen)
  return structBytes(view)
}

/** `family` is that of the map: the struct itself does not say how long its address is. */
export function decodeCtEntry(bytes: Uint8Array, family: Family = 'IPv4'): Result<CtEntry, StructDefect> {
  const view = viewStruct(bytes, CT_ENTRY_LAYOUT)
  if (!view.ok) return view
  const { fields } = CT_ENTRY_LAYOUT
  return ok({
    lastSeenNs: readUint64(view.value, fields.last_seen_ns),
    createdNs: readUint64(view.value, fields.created_ns),
    packets: readUint64(view.value, fields.packets),
    bytes: readUint64(view.value, fields.bytes),
    frontendId: readUint(view.value, fields.frontend_id),
    backendId: readUint(view.value, fields.backend_id),
    natAddress: readOptionalIp(view.value, fields.nat_address, family),
    natPort: readUint(view.value, fields.nat_port),
    flags: readUint(view.value, fields.flags),
    tcpFlagsSeen: readUint(view.value, fields.tcp_flags_seen),
  })
}
