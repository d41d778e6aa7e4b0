import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { encodeNetlinkAttribute } from './netlink-attributes.ts'
import { decodeLinkAddress } from './netlink-address.ts'

const IFA_ADDRESS = 1
const IFA_LOCAL = 2

/** What follows the header of an RTM_NEWADDR on interface 5. */
function newAddress(
  family: number,
  prefixLengthBits: number,
  attributes: readonly (readonly [type: number, value: readonly number[]])[],
): Uint8Array {
  const encoded = attributes.flatMap(([type, value]) => [...encodeNetlinkAttribute(type, Uint8Array.from(value))])
  return Uint8Array.from([family, prefixLengthBits, 0, 0, 5, 0, 0, 0, ...encoded])
}

const V6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

test('decodeLinkAddress() reads IPv4 and IPv6 with their prefix lengths', () => {
  const v4 = decodeLinkAddress(newAddress(2, 24, [[IFA_ADDRESS, [192, 0, 2, 1]]]))
  assert.deepEqual(v4, { ok: true, value: { ifindex: 5, address: mustParseIp('192.0.2.1'), prefixLengthBits: 24 } })
  const v6 = decodeLinkAddress(newAddress(10, 64, [[IFA_ADDRESS, V6]]))
  assert.deepEqual(v6, { ok: true, value: { ifindex: 5, address: mustParseIp('2001:db8::1'), prefixLengthBits: 64 } })
})

test('decodeLinkAddress() prefers the local address to that of a peer', () => {
  const decoded = decodeLinkAddress(
    newAddress(2, 32, [
      [IFA_ADDRESS, [192, 0, 2, 20]],
      [IFA_LOCAL, [192, 0, 2, 10]],
    ]),
  )
  assert.deepEqual(decoded.ok && decoded.value?.address, mustParseIp('192.0.2.10'))
})

test('decodeLinkAddress() passes over other families', () => {
  assert.deepEqual(decodeLinkAddress(newAddress(28, 0, [])), { ok: true, value: undefined })
})

test('decodeLinkAddress() never throws, whatever the octets', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => void decodeLinkAddress(octets)))
  fc.assert(
    fc.property(fc.constantFrom(2, 10), fc.uint8Array({ maxLength: 60 }), (family, rest) => {
      decodeLinkAddress(Uint8Array.from([family, ...rest]))
    }),
  )
})

test('decodeLinkAddress() refuses what is cut, an address of the other length, and a prefix that is too long', () => {
  const whole = newAddress(2, 24, [[IFA_LOCAL, [192, 0, 2, 1]]])
  for (let length = 0; length < whole.length; length++)
    assert.equal(decodeLinkAddress(whole.subarray(0, length)).ok, false, `${length} octets`)
  assert.equal(decodeLinkAddress(newAddress(2, 24, [[IFA_LOCAL, V6]])).ok, false)
  assert.equal(decodeLinkAddress(newAddress(10, 64, [[IFA_LOCAL, [1, 2, 3, 4]]])).ok, false)
  assert.equal(decodeLinkAddress(newAddress(2, 33, [[IFA_LOCAL, [192, 0, 2, 1]]])).ok, false)
})
