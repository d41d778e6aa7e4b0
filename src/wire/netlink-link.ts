import type { Device } from '#model/device.ts'
import { macFromBytes } from '#model/mac.ts'
import { err, ok, type Result } from '#model/result.ts'
import {
  attributeText,
  attributeU32,
  decodeNetlinkAttributes,
  encodeNetlinkAttribute,
  type NetlinkAttributes,
} from './netlink-attributes.ts'
import type { NetlinkDefect } from './netlink-message.ts'

/** Message types of rtnetlink about links (linux/rtnetlink.h). */
export const RTM_NEWLINK = 16
export const RTM_GETLINK = 18

/** Length of `struct ifinfomsg`: family, padding, hardware type (16 bits), index, flags, change mask. */
const IFINFOMSG_LENGTH = 16
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, EXT_MASK: 29 } as const
const IFLA_INFO_KIND = 1
const IFF = { UP: 0x1, LOOPBACK: 0x8, LOWER_UP: 0x10000 } as const
/** ARPHRD_ETHER (linux/if_arp.h): only its addresses are MACs that frames bear. */
const HARDWARE_ETHERNET = 1
/** RTEXT_FILTER_SKIP_STATS: a third of the octets, and nothing that we read. */
const SKIP_STATISTICS = 1 << 3

/** A link as RTM_NEWLINK shows it: a device without its addresses. */
export type Link = Omit<Device, 'addresses'>

/** What comes after the netlink header of an RTM_NEWLINK. Unknown attributes are passed over. */
export function decodeLink(payload: Uint8Array): Result<Link, NetlinkDefect> {
  const had = payload.length
  if (had < IFINFOMSG_LENGTH) return err({ code: 'Truncated', at: 0, needed: IFINFOMSG_LENGTH, had })
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const attributes = decodeNetlinkAttributes(payload.subarray(IFINFOMSG_LENGTH))
  if (!attributes.ok) return attributes
  const info = decodeNetlinkAttributes(attributes.value.get(IFLA.LINKINFO) ?? new Uint8Array(0))
  if (!info.ok) return info
  const flags = view.getUint32(8, true)
  return ok({
    name: attributeText(attributes.value, IFLA.IFNAME) ?? '',
    ifindex: view.getInt32(4, true),
    mac: readMac(attributes.value, view.getUint16(2, true)),
    mtuBytes: attributeU32(attributes.value, IFLA.MTU) ?? 0,
    up: (flags & IFF.UP) !== 0,
    carrier: (flags & IFF.LOWER_UP) !== 0,
    loopback: (flags & IFF.LOOPBACK) !== 0,
    kind: attributeText(info.value, IFLA_INFO_KIND) ?? '',
    masterIfindex: attributeU32(attributes.value, IFLA.MASTER) ?? 0,
  })
}

/** The payload of an RTM_GETLINK that asks for all links, without their statistics. */
export function encodeLinkDump(): Uint8Array {
  const mask = new Uint8Array(4)
  new DataView(mask.buffer).setUint32(0, SKIP_STATISTICS, true)
  const attribute = encodeNetlinkAttribute(IFLA.EXT_MASK, mask)
  const payload = new Uint8Array(IFINFOMSG_LENGTH + attribute.length)
  payload.set(attribute, IFINFOMSG_LENGTH)
  return payload
}

function readMac(attributes: NetlinkAttributes, hardwareType: number): Device['mac'] {
  const octets = attributes.get(IFLA.ADDRESS)
  return hardwareType === HARDWARE_ETHERNET && octets?.length === 6 ? macFromBytes(octets) : undefined
}
