import { formatIp, ipFromBytes, ipToBytes, mustParseIp } from '#model/ip.ts'
import { decodeEthernet, encodeEthernet, ETHERTYPE } from '#wire/ethernet.ts'
import { internetChecksum } from './checksum.ts'
import type { Packet } from './packet.ts'

const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const
/** From bit 0 (RFC 9293 section 3.1). */
const TCP_FLAGS: readonly string[] = ['F', 'S', 'R', 'P', 'A']
const CHECKSUM_OFFSET = { icmp: 2, tcp: 16, udp: 6 } as const

export function encodePacket(packet: Packet): Uint8Array {
  return encodeEthernet({
    destination: packet.destinationMac,
    source: packet.sourceMac,
    etherType: ETHERTYPE.IPV4,
    payload: encodeIpv4(packet),
  })
}

/** The IPv4 part alone, for what ICMP errors quote. */
export function encodeIpv4(packet: Packet): Uint8Array {
  const header = new Uint8Array(20 + packet.options.length)
  const view = new DataView(header.buffer)
  const body = encodeBody(packet)
  header[0] = 0x40 | (header.length / 4)
  view.setUint16(2, header.length + body.length)
  view.setUint16(4, packet.id)
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0)
  view.setUint16(6, flags | packet.fragmentOffset)
  header[8] = packet.ttl
  header[9] = PROTOCOLS[packet.protocol]
  header.set(ipToBytes(mustParseIp(addressOf(packet.source))), 12)
  header.set(ipToBytes(mustParseIp(addressOf(packet.destination))), 16)
  header.set(packet.options, 20)
  view.setUint16(10, internetChecksum(header))
  return Uint8Array.of(...header, ...body)
}

function encodeBody(packet: Packet): Uint8Array {
  const body = Uint8Array.of(...bodyHeader(packet), ...packet.payload)
  if (packet.checksum === 'none' || packet.fragmentOffset > 0) return body
  body.fill(0, CHECKSUM_OFFSET[packet.protocol], CHECKSUM_OFFSET[packet.protocol] + 2)
  const sum = internetChecksum(pseudoHeader(packet, body.length), body) || 0xffff
  new DataView(body.buffer).setUint16(
    CHECKSUM_OFFSET[packet.protocol],
    packet.checksum === 'right' ? sum : sum ^ 0x5555,
  )
  return body
}

/** A later fragment has none. */
function bodyHeader(packet: Packet): Uint8Array {
  if (packet.fragmentOffset > 0 || packet.protocol === 'icmp') return new Uint8Array(0)
  const header = new Uint8Array(packet.protocol === 'tcp' ? 20 : 8)
  const view = new DataView(header.buffer)
  view.setUint16(0, portOf(packet.source))
  view.setUint16(2, portOf(packet.destination))
  if (packet.protocol === 'udp') view.setUint16(4, header.length + packet.payload.length)
  else {
    view.setUint32(4, packet.sequence)
    view.setUint32(8, packet.acknowledgement)
    header[12] = 0x50
    header[13] = packet.flags.split('').reduce((bits, letter) => bits | flagBit(letter), 0)
    view.setUint16(14, 0x7fff)
  }
  return header
}

function flagBit(letter: string): number {
  const index = TCP_FLAGS.indexOf(letter)
  if (index < 0) throw new Error(`${letter} is no TCP flag`)
  return 1 << index
}

/** Empty for ICMP, whose checksum has none. */
function pseudoHeader(packet: Pick<Packet, 'source' | 'destination' | 'protocol'>, length: number): Uint8Array {
  if (packet.protocol === 'icmp') return new Uint8Array(0)
  const source = ipToBytes(mustParseIp(addressOf(packet.source)))
  const destination = ipToBytes(mustParseIp(addressOf(packet.destination)))
  return Uint8Array.of(...source, ...destination, 0, PROTOCOLS[packet.protocol], length >> 8, length & 255)
}

/** Throws when the octets are no packet that `encodePacket` could have made: in a test that is a failure. */
export function decodePacket(bytes: Uint8Array): Packet {
  const frame = decodeEthernet(bytes)
  if (!frame.ok || frame.value.etherType !== ETHERTYPE.IPV4) throw new Error('Not an IPv4 frame')
  const ip = frame.value.payload
  const view = new DataView(ip.buffer, ip.byteOffset, ip.byteLength)
  const headerLength = ((ip[0] ?? 0) & 15) * 4
  const body = ip.subarray(headerLength, view.getUint16(2))
  const protocol = (['icmp', 'tcp', 'udp'] as const).find((name) => PROTOCOLS[name] === ip[9])
  if (protocol === undefined) throw new Error(`Protocol ${ip[9]} is unknown here`)
  const fragmentOffset = view.getUint16(6) & 0x1fff
  const addresses = {
    source: formatIp(ipFromBytes(ip.slice(12, 16))),
    destination: formatIp(ipFromBytes(ip.slice(16, 20))),
  }
  const sums = {
    header: internetChecksum(ip.subarray(0, headerLength)),
    body: internetChecksum(pseudoHeader({ ...addresses, protocol }, body.length), body),
  }
  const hasNone = protocol === 'udp' && body[6] === 0 && body[7] === 0
  const bodyIsRight = hasNone || sums.body === 0 || fragmentOffset > 0
  return {
    sourceMac: frame.value.source,
    destinationMac: frame.value.destination,
    protocol,
    ttl: ip[8] ?? 0,
    options: [...ip.subarray(20, headerLength)],
    id: view.getUint16(4),
    dontFragment: (view.getUint16(6) & 0x4000) !== 0,
    moreFragments: (view.getUint16(6) & 0x2000) !== 0,
    fragmentOffset,
    ...decodeBody(protocol, body, addresses, fragmentOffset > 0),
    checksum: sums.header !== 0 || !bodyIsRight ? 'wrong' : hasNone ? 'none' : 'right',
  }
}

function decodeBody(
  protocol: Packet['protocol'],
  body: Uint8Array,
  { source, destination }: { readonly source: string; readonly destination: string },
  isLaterFragment: boolean,
): Pick<Packet, 'source' | 'destination' | 'flags' | 'sequence' | 'acknowledgement' | 'payload'> {
  const plain = { flags: '', sequence: 0, acknowledgement: 0 }
  if (protocol === 'icmp' || isLaterFragment) return { source, destination, ...plain, payload: [...body] }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const ends = { source: `${source}:${view.getUint16(0)}`, destination: `${destination}:${view.getUint16(2)}` }
  if (protocol === 'udp') return { ...ends, ...plain, payload: [...body.subarray(8)] }
  return {
    ...ends,
    flags: formatTcpFlags(body[13] ?? 0),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    payload: [...body.subarray(((body[12] ?? 0) >> 4) * 4)],
  }
}

export function formatTcpFlags(bits: number): string {
  return TCP_FLAGS.filter((_, index) => (bits & (1 << index)) !== 0).join('')
}

export function addressOf(end: string): string {
  return end.split(':')[0] ?? ''
}

export function portOf(end: string): number {
  return Number(end.split(':')[1] ?? 0)
}
