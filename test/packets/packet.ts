import type { Mac } from '#model/mac.ts'

/** An IPv4 packet in an Ethernet frame, as a test writes and reads it. */
export interface Packet {
  readonly sourceMac: Mac
  readonly destinationMac: Mac
  /** `192.168.10.50:40000`; without a port for ICMP. */
  readonly source: string
  readonly destination: string
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly ttl: number
  /** IPv4 options, a multiple of 4 octets. */
  readonly options: readonly number[]
  /** Identification: the same for all fragments of a datagram. */
  readonly id: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In units of 8 octets. */
  readonly fragmentOffset: number
  /** TCP: letters of FSRPA; empty otherwise. */
  readonly flags: string
  /** TCP: sequence and acknowledgement number. */
  readonly sequence: number
  readonly acknowledgement: number
  /** After the TCP or UDP header, or the whole ICMP message. */
  readonly payload: readonly number[]
  /** `none`: UDP's 0. When decoding, `right` says that all of the packet's checksums are. */
  readonly checksum: 'right' | 'none' | 'wrong'
}

const DEFAULTS: Packet = {
  sourceMac: '02:00:00:00:00:50',
  destinationMac: '02:00:00:00:02:15',
  source: '192.168.10.50:40000',
  destination: '192.168.10.75:80',
  protocol: 'tcp',
  ttl: 64,
  options: [],
  id: 0,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  flags: '',
  sequence: 0,
  acknowledgement: 0,
  payload: [],
  checksum: 'right',
}

export function tcp(flags: string, fields: Partial<Packet> = {}): Packet {
  return {
    ...DEFAULTS,
    protocol: 'tcp',
    flags,
    sequence: 1000,
    acknowledgement: flags.includes('A') ? 5000 : 0,
    ...fields,
  }
}

export function udp(fields: Partial<Packet> = {}): Packet {
  return { ...DEFAULTS, protocol: 'udp', destination: '192.168.10.75:53', payload: [1, 2, 3], ...fields }
}

export function icmp(fields: Partial<Packet> = {}): Packet {
  return { ...DEFAULTS, protocol: 'icmp', source: '192.168.10.50', destination: '192.168.10.75', ...fields }
}
