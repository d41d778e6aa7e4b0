import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  attributeText,
  attributeU32,
  decodeNetlinkAttributes,
  encodeNetlinkAttribute,
  type NetlinkAttributes,
} from './netlink-attributes.ts'

function decode(octets: Uint8Array): NetlinkAttributes {
  const decoded = decodeNetlinkAttributes(octets)
  if (!decoded.ok) throw new Error(decoded.error.code)
  return decoded.value
}

/** IFLA_IFNAME `lo`, as in an RTM_NEWLINK: length 7, type 3, text, one octet of padding. */
const IFNAME = Uint8Array.of(7, 0, 3, 0, 0x6c, 0x6f, 0, 0)

test('decodeNetlinkAttributes() reads a name as the kernel sends it', () => {
  assert.equal(attributeText(decode(IFNAME), 3), 'lo')
})

test('decodeNetlinkAttributes() gives back what was encoded', () => {
  const attributes = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 0x3fff }), fc.uint8Array({ maxLength: 20 })), {
    selector: ([type]) => type,
    maxLength: 6,
  })
  fc.assert(
    fc.property(attributes, fc.nat(5), (list, offset) => {
      const octets = list.flatMap(([type, value]) => [...encodeNetlinkAttribute(type, value)])
      const shifted = Uint8Array.from([...new Uint8Array(offset), ...octets]).subarray(offset)
      assert.deepEqual([...decode(shifted)], list)
    }),
  )
})

test('decodeNetlinkAttributes() ignores the flags in a type', () => {
  assert.deepEqual([...decode(encodeNetlinkAttribute(0x8000 | 18, Uint8Array.of(1))).keys()], [18])
})

test('decodeNetlinkAttributes() takes an attribute at the end without its padding', () => {
  assert.equal(attributeText(decode(IFNAME.subarray(0, 7)), 3), 'lo')
})

test('decodeNetlinkAttributes() never throws, whatever the octets', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => void decodeNetlinkAttributes(octets)))
})

test('decodeNetlinkAttributes() refuses every truncation, and lengths that cannot be', () => {
  for (let length = 1; length < 7; length++) assert.equal(decodeNetlinkAttributes(IFNAME.subarray(0, length)).ok, false)
  for (const lengthOctets of [0, 3]) {
    const octets = IFNAME.slice()
    octets[0] = lengthOctets
    assert.deepEqual(decodeNetlinkAttributes(octets), { ok: false, error: { code: 'BadLength', at: 0, lengthOctets } })
  }
})

test('attributeU32() and attributeText() have no answer for what is missing or too short', () => {
  const attributes = decode(encodeNetlinkAttribute(4, Uint8Array.of(1, 2, 3)))
  assert.equal(attributeU32(attributes, 4), undefined)
  assert.equal(attributeU32(attributes, 5), undefined)
  assert.equal(attributeText(attributes, 5), undefined)
})
