import { err, ok, type Result } from './result.ts'

/** An IEEE 802 MAC address: lower-case hexadecimal with colons, `02:00:0a:00:00:01`. */
export type Mac = string & { readonly brand?: 'Mac' }

export interface MacDefect {
  readonly code: 'NotAMac'
  readonly text: string
}

export const BROADCAST_MAC: Mac = 'ff:ff:ff:ff:ff:ff'

export function parseMac(text: string): Result<Mac, MacDefect> {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? ok(text.toLowerCase()) : err({ code: 'NotAMac', text })
}

export function macToBytes(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16))
}

/** `bytes` must be 6 octets: anything else is our own mistake, and throws. */
export function macFromBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== 6) throw new Error(`A MAC address has 6 octets, not ${bytes.length}`)
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':')
}
