import { err, ok, type Result } from '#model/result.ts'

/** What is wrong with octets that should be netlink: `at` is the offset of what does not fit. */
export type NetlinkDefect =
  | { readonly code: 'Truncated'; readonly at: number; readonly needed: number; readonly had: number }
  | { readonly code: 'BadLength'; readonly at: number; readonly lengthOctets: number }

/** `struct nlmsghdr` (linux/netlink.h) and what follows it. Numbers are in the order of this machine: little-endian. */
export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly payload: Uint8Array
}

export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3 } as const
export const NLM_F = { REQUEST: 0x1, MULTI: 0x2, DUMP_INTR: 0x10, DUMP: 0x300 } as const

const HEADER_LENGTH = 16

/** All messages of one datagram. */
export function decodeNetlinkMessages(bytes: Uint8Array): Result<readonly NetlinkMessage[], NetlinkDefect> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const messages: NetlinkMessage[] = []
  for (let at = 0; at < bytes.length; ) {
    const had = bytes.length - at
    if (had < HEADER_LENGTH) return err({ code: 'Truncated', at, needed: HEADER_LENGTH, had })
    const lengthOctets = view.getUint32(at, true)
    if (lengthOctets < HEADER_LENGTH) return err({ code: 'BadLength', at, lengthOctets })
    if (lengthOctets > had) return err({ code: 'Truncated', at, needed: lengthOctets, had })
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.slice(at + HEADER_LENGTH, at + lengthOctets),
    })
    at += alignNetlink(lengthOctets)
  }
  return ok(messages)
}

/** One message; the kernel fills in who sent it. */
export function encodeNetlinkMessage({ type, flags, sequence, payload }: NetlinkMessage): Uint8Array {
  const lengthOctets = HEADER_LENGTH + payload.length
  const bytes = new Uint8Array(alignNetlink(lengthOctets))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, lengthOctets, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags, true)
  view.setUint32(8, sequence, true)
  bytes.set(payload, HEADER_LENGTH)
  return bytes
}

/** The error number of a message of type `NLMSG.ERROR`: 0 for an acknowledgement. */
export function decodeNetlinkError(payload: Uint8Array): Result<number, NetlinkDefect> {
  if (payload.length < 4) return err({ code: 'Truncated', at: 0, needed: 4, had: payload.length })
  return ok(Math.abs(new DataView(payload.buffer, payload.byteOffset).getInt32(0, true)))
}

/** Messages and attributes begin at multiples of 4 (NLMSG_ALIGNTO). */
export function alignNetlink(lengthOctets: number): number {
  return Math.ceil(lengthOctets / 4) * 4
}
