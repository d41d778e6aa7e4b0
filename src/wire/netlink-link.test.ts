import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeNetlinkAttribute } from './netlink-attributes.ts'
import { decodeLink, encodeLinkDump } from './netlink-link.ts'

interface LinkFields {
  readonly hardwareType?: number
  readonly flags?: number
  readonly attributes?: readonly (readonly [type: number, value: readonly number[]])[]
}

/** What follows the header of an RTM_NEWLINK: ifinfomsg of interface 5, then attributes. */
function newLink({ hardwareType = 1, flags = 0, attributes = [] }: LinkFields): Uint8Array {
  const fixed = new DataView(new ArrayBuffer(16))
  fixed.setUint16(2, hardwareType, true)
  fixed.setInt32(4, 5, true)
  fixed.setUint32(8, flags, true)
  const encoded = attributes.flatMap(([type, value]) => [...encodeNetlinkAttribute(type, Uint8Array.from(value))])
  return Uint8Array.from([...new Uint8Array(fixed.buffer), ...encoded])
}

const NAME = [3, [0x65, 0x74, 0x68, 0x30, 0]] as const // IFLA_IFNAME eth0
const ADDRESS = [1, [2, 0, 0, 0, 0, 0x0a]] as const // IFLA_ADDRESS
const MTU = [4, [0xdc, 5, 0, 0]] as const // IFLA_MTU 1500
const MASTER = [10, [9, 0, 0, 0]] as const // IFLA_MASTER
const VETH = [18, [...encodeNetlinkAttribute(1, Uint8Array.of(0x76, 0x65, 0x74, 0x68, 0))]] as const // IFLA_LINKINFO

test('decodeLink() reads index, name, MAC, MTU, kind, master and state', () => {
  const octets = newLink({ flags: 0x1 | 0x10000, attributes: [NAME, ADDRESS, MTU, MASTER, VETH, [200, [1]]] })
  assert.deepEqual(decodeLink(octets), {
    ok: true,
    value: {
      name: 'eth0',
      ifindex: 5,
      mac: '02:00:00:00:00:0a',
      mtuBytes: 1500,
      up: true,
      carrier: true,
      loopback: false,
      kind: 'veth',
      masterIfindex: 9,
    },
  })
})

test('decodeLink() reads each flag by itself', () => {
  const states = [0, 0x1, 0x8, 0x10000].map((flags) => {
    const decoded = decodeLink(newLink({ flags }))
    return decoded.ok ? [decoded.value.up, decoded.value.loopback, decoded.value.carrier] : []
  })
  assert.deepEqual(states, [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [false, false, true],
  ])
})

test('decodeLink() sees no MAC where the address is none: loopback, tunnels, Infiniband', () => {
  const withAddress = (hardwareType: number, address: readonly number[]): unknown => {
    const decoded = decodeLink(newLink({ hardwareType, attributes: [[1, address]] }))
    return decoded.ok && decoded.value.mac
  }
  assert.equal(withAddress(772, [0, 0, 0, 0, 0, 0]), undefined)
  assert.equal(withAddress(768, [10, 0, 0, 1]), undefined)
  assert.equal(withAddress(1, [10, 0, 0, 1]), undefined)
  assert.equal(withAddress(1, [2, 0, 0, 0, 0, 1]), '02:00:00:00:00:01')
})

test('decodeLink() never throws, whatever the octets', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void decodeLink(octets)))
})

test('decodeLink() refuses what is cut in the fixed part, in an attribute or in a nested one', () => {
  const octets = newLink({ attributes: [NAME] })
  for (const length of [0, 15, 17, 19, 24]) assert.equal(decodeLink(octets.subarray(0, length)).ok, false, `${length}`)
  assert.equal(decodeLink(newLink({ attributes: [[18, [9, 0, 1, 0, 1]]] })).ok, false)
})

test('encodeLinkDump() asks for all links, without statistics', () => {
  assert.deepEqual([...encodeLinkDump().subarray(16)], [8, 0, 29, 0, 8, 0, 0, 0])
})
