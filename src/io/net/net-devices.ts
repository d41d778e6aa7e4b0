import type { Device } from '#model/device.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import { decodeLinkAddress, encodeAddressDump, RTM_GETADDR, RTM_NEWADDR } from '#wire/netlink-address.ts'
import { decodeLink, encodeLinkDump, RTM_GETLINK, RTM_NEWLINK } from '#wire/netlink-link.ts'
import { watchLinks } from './link-changes.ts'
import { dump } from './netlink-dump.ts'

/** The interfaces of this process's network namespace. Throws `NetError`. */
export function createNetDevices(): NetDevices {
  return { list: listDevices, changes: watchLinks }
}

function listDevices(): readonly Device[] {
  const links = dump({
    name: 'RTM_GETLINK',
    type: RTM_GETLINK,
    payload: encodeLinkDump(),
    answerType: RTM_NEWLINK,
    decode: decodeLink,
  })
  const addresses = dump({
    name: 'RTM_GETADDR',
    type: RTM_GETADDR,
    payload: encodeAddressDump(),
    answerType: RTM_NEWADDR,
    decode: decodeLinkAddress,
  })
  return links.map((link) => ({
    ...link,
    addresses: addresses
      .filter((address) => address.ifindex === link.ifindex)
      .map(({ address, prefixLengthBits }) => ({ address, prefixLengthBits })),
  }))
}
