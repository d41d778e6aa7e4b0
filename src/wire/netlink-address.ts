import type { DeviceAddress } from '#model/device.ts'
import { ipFromBytes, WIDTH_BITS } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import { decodeNetlinkAttributes } from './netlink-attributes.ts'
import type { NetlinkDefect } from './netlink-message.ts'

/** Message types of rtnetlink about addresses (linux/rtnetlink.h). */
export const RTM_NEWADDR = 20
export const RTM_GETADDR = 22

/** Length of `struct ifaddrmsg`: family, prefix length, flags, scope, index. */
const IFADDRMSG_LENGTH = 8
const IFA = { ADDRESS: 1, LOCAL: 2 } as const
/** Octets of an address by AF_INET and AF_INET6. */
const ADDRESS_LENGTH: { readonly [family: number]: number } = { 2: 4, 10: 16 }

export interface LinkAddress extends DeviceAddress {
  readonly ifindex: number
}

/** What comes after the netlink header of an RTM_NEWADDR. Undefined for a family that is neither IPv4 nor IPv6. */
export function decodeLinkAddress(payload: Uint8Array): Result<LinkAddress | undefined, NetlinkDefect> {
  const had = payload.length
  if (had < IFADDRMSG_LENGTH) return err({ code: 'Truncated', at: 0, needed: IFADDRMSG_LENGTH, had })
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const attributes = decodeNetlinkAttributes(payload.subarray(IFADDRMSG_LENGTH))
  if (!attributes.ok) return attributes
  const needed = ADDRESS_LENGTH[view.getUint8(0)]
  if (needed === undefined) return ok(undefined)
  // On a point-to-point link IFA_ADDRESS is the peer's; IFA_LOCAL, where there is one, is always ours.
  const octets = attributes.value.get(IFA.LOCAL) ?? attributes.value.get(IFA.ADDRESS) ?? new Uint8Array(0)
  if (octets.length !== needed) return err({ code: 'BadLength', at: IFADDRMSG_LENGTH, lengthOctets: octets.length })
  const address = ipFromBytes(octets)
  const prefixLengthBits = view.getUint8(1)
  if (prefixLengthBits > WIDTH_BITS[address.family])
    return err({ code: 'BadLength', at: 1, lengthOctets: prefixLengthBits })
  return ok({ ifindex: view.getUint32(4, true), address, prefixLengthBits })
}

/** The payload of an RTM_GETADDR that asks for all addresses of both families. */
export function encodeAddressDump(): Uint8Array {
  return new Uint8Array(IFADDRMSG_LENGTH)
}
