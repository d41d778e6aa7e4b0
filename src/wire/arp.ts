import { type Ip, ipFromBytes, ipToBytes } from '#model/ip.ts'
import { BROADCAST_MAC, type Mac, macFromBytes, macToBytes } from '#model/mac.ts'
import { err, ok, type Result } from '#model/result.ts'
import { encodeEthernet, ETHERTYPE } from './ethernet.ts'

/** An ARP packet for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly operation: ArpOperation
  readonly senderMac: Mac
  readonly senderIp: Ip
  /** Of no meaning in a request. */
  readonly targetMac: Mac
  readonly targetIp: Ip
}

export type ArpOperation = 'request' | 'reply'

export type ArpDefect =
  | { readonly code: 'Truncated'; readonly needed: number; readonly had: number }
  | { readonly code: 'NotIpv4OverEthernet' }
  | { readonly code: 'UnknownOperation'; readonly operation: number }

export const ARP_LENGTH = 28
const ETHERNET_AND_IPV4 = 0x0001_0800
const LENGTHS_6_AND_4 = 0x0604
const REQUEST = 1
const REPLY = 2
const NO_MAC: Mac = '00:00:00:00:00:00'

/** Octets after the 28 are padding and are ignored. */
export function decodeArp(bytes: Uint8Array): Result<ArpPacket, ArpDefect> {
  if (bytes.length < ARP_LENGTH) return err({ code: 'Truncated', needed: ARP_LENGTH, had: bytes.length })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== ETHERNET_AND_IPV4 || view.getUint16(4) !== LENGTHS_6_AND_4) {
    return err({ code: 'NotIpv4OverEthernet' })
  }
  const operation = view.getUint16(6)
  if (operation !== REQUEST && operation !== REPLY) return err({ code: 'UnknownOperation', operation })
  return ok({
    operation: operation === REQUEST ? 'request' : 'reply',
    senderMac: macFromBytes(bytes.slice(8, 14)),
    senderIp: ipFromBytes(bytes.slice(14, 18)),
    targetMac: macFromBytes(bytes.slice(18, 24)),
    targetIp: ipFromBytes(bytes.slice(24, 28)),
  })
}

/** Throws for an IPv6 address: our own mistake. */
export function encodeArp(packet: ArpPacket): Uint8Array {
  if (packet.senderIp.family !== 'IPv4' || packet.targetIp.family !== 'IPv4') throw new Error('ARP is for IPv4 alone')
  const bytes = new Uint8Array(ARP_LENGTH)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, ETHERNET_AND_IPV4)
  view.setUint16(4, LENGTHS_6_AND_4)
  view.setUint16(6, packet.operation === 'request' ? REQUEST : REPLY)
  bytes.set(macToBytes(packet.senderMac), 8)
  bytes.set(ipToBytes(packet.senderIp), 14)
  bytes.set(macToBytes(packet.targetMac), 18)
  bytes.set(ipToBytes(packet.targetIp), 24)
  return bytes
}

/**
 * A frame that tells all stations at once who has `ip` (RFC 5227 section 3: an ARP Announcement is a request; some stations
 * update on the reply form alone, so it exists as well).
 */
export function encodeGratuitousArp(ip: Ip, mac: Mac, operation: ArpOperation): Uint8Array {
  const targetMac = operation === 'request' ? NO_MAC : mac
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: mac,
    etherType: ETHERTYPE.ARP,
    payload: encodeArp({ operation, senderMac: mac, senderIp: ip, targetMac, targetIp: ip }),
  })
}
