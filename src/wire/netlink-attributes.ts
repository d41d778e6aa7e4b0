import { err, ok, type Result } from '#model/result.ts'
import { alignNetlink, type NetlinkDefect } from './netlink-message.ts'

/** `struct rtattr`: length, type, then the value. */
const HEADER_LENGTH = 4
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
const TYPE_MASK = 0x3fff

/** Values by type. Of a type that occurs twice the last one counts, as in the kernel. */
export type NetlinkAttributes = ReadonlyMap<number, Uint8Array>

export function decodeNetlinkAttributes(bytes: Uint8Array): Result<NetlinkAttributes, NetlinkDefect> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attributes = new Map<number, Uint8Array>()
  for (let at = 0; at < bytes.length; ) {
    const had = bytes.length - at
    if (had < HEADER_LENGTH) return err({ code: 'Truncated', at, needed: HEADER_LENGTH, had })
    const lengthOctets = view.getUint16(at, true)
    if (lengthOctets < HEADER_LENGTH) return err({ code: 'BadLength', at, lengthOctets })
    if (lengthOctets > had) return err({ code: 'Truncated', at, needed: lengthOctets, had })
    attributes.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.slice(at + HEADER_LENGTH, at + lengthOctets))
    at += alignNetlink(lengthOctets)
  }
  return ok(attributes)
}

export function encodeNetlinkAttribute(type: number, value: Uint8Array): Uint8Array {
  const lengthOctets = HEADER_LENGTH + value.length
  const bytes = new Uint8Array(alignNetlink(lengthOctets))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, lengthOctets, true)
  view.setUint16(2, type, true)
  bytes.set(value, HEADER_LENGTH)
  return bytes
}

/** A 32-bit number; undefined when the attribute is missing or too short for one. */
export function attributeU32(attributes: NetlinkAttributes, type: number): number | undefined {
  const value = attributes.get(type)
  if (value === undefined || value.length < 4) return undefined
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true)
}

/** Text up to its terminating zero; undefined when the attribute is missing. */
export function attributeText(attributes: NetlinkAttributes, type: number): string | undefined {
  const value = attributes.get(type)
  if (value === undefined) return undefined
  const end = value.indexOf(0)
  return new TextDecoder().decode(value.subarray(0, end < 0 ? value.length : end))
}
