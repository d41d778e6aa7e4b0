import { type Mac, macFromBytes, macToBytes } from '#model/mac.ts'
import { err, ok, type Result } from '#model/result.ts'

/** Ethernet II header (IEEE 802.3 clause 3): 14 octets, without VLAN tags. */
export interface EthernetHeader {
  readonly destination: Mac
  readonly source: Mac
  readonly etherType: number
}

export interface EthernetFrame extends EthernetHeader {
  /** With the padding that short frames have. */
  readonly payload: Uint8Array
}

export type EthernetDefect =
  | { readonly code: 'Truncated'; readonly needed: number; readonly had: number }
  /** Below 0x0600 the field is a length (IEEE 802.3 clause 3.2.6): not Ethernet II. */
  | { readonly code: 'NotEthernet2'; readonly length: number }

export const ETHERNET_HEADER_LENGTH = 14
export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const

const LEAST_ETHERTYPE = 0x0600

/** `payload` is a view of `bytes`. */
export function decodeEthernet(bytes: Uint8Array): Result<EthernetFrame, EthernetDefect> {
  if (bytes.length < ETHERNET_HEADER_LENGTH) {
    return err({ code: 'Truncated', needed: ETHERNET_HEADER_LENGTH, had: bytes.length })
  }
  const etherType = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(12)
  if (etherType < LEAST_ETHERTYPE) return err({ code: 'NotEthernet2', length: etherType })
  return ok({
    destination: macFromBytes(bytes.slice(0, 6)),
    source: macFromBytes(bytes.slice(6, 12)),
    etherType,
    payload: bytes.subarray(ETHERNET_HEADER_LENGTH),
  })
}

/** Without padding: the kernel's drivers add what the wire wants. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  if (frame.etherType < LEAST_ETHERTYPE || frame.etherType > 0xffff)
    throw new Error(`${frame.etherType} is no EtherType`)
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + frame.payload.length)
  bytes.set(macToBytes(frame.destination), 0)
  bytes.set(macToBytes(frame.source), 6)
  new DataView(bytes.buffer).setUint16(12, frame.etherType)
  bytes.set(frame.payload, ETHERNET_HEADER_LENGTH)
  return bytes
}
