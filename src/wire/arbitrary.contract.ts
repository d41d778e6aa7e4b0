import fc from 'fast-check'
import type { Ip } from '#model/ip.ts'
import { type Mac, macFromBytes } from '#model/mac.ts'

/** Random values that codecs must be able to carry. */
export const anyIpv4: fc.Arbitrary<Ip> = fc
  .bigInt({ min: 0n, max: 0xffff_ffffn })
  .map((value) => ({ family: 'IPv4', value }))

/** Where 0 would mean that there is none. */
export const anySetIpv4: fc.Arbitrary<Ip> = anyIpv4.filter(({ value }) => value !== 0n)
export const anySetIpv6: fc.Arbitrary<Ip> = fc
  .bigInt({ min: 1n, max: (1n << 128n) - 1n })
  .map((value) => ({ family: 'IPv6', value }))

export const anyMac: fc.Arbitrary<Mac> = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes)
export const anySetMac: fc.Arbitrary<Mac> = anyMac.filter((mac) => mac !== '00:00:00:00:00:00')

export const anyU8 = fc.nat(0xff)
export const anyU16 = fc.nat(0xffff)
export const anyU32 = fc.nat(0xffff_ffff)
export const anyU64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
export const anyProtocol = fc.constantFrom('TCP', 'UDP', 'SCTP')

/** Objects as this code makes them: with the usual prototype. */
export function anyRecord<T>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>({ ...fields }, { noNullPrototype: true })
}
