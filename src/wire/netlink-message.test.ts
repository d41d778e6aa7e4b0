import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeNetlinkError,
  decodeNetlinkMessages,
  encodeNetlinkMessage,
  type NetlinkMessage,
} from './netlink-message.ts'

/** The end of a dump as the kernel sent it (strace of `ip link`): length 20, NLMSG_DONE, NLM_F_MULTI, sequence 7, error 0. */
const DONE = Uint8Array.of(20, 0, 0, 0, 3, 0, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

const message: fc.Arbitrary<NetlinkMessage> = fc.record(
  {
    type: fc.integer({ min: 0, max: 0xffff }),
    flags: fc.integer({ min: 0, max: 0xffff }),
    sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 64 }),
  },
  { noNullPrototype: true },
)

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

test('decodeNetlinkMessages() reads what the kernel sends at the end of a dump', () => {
  assert.deepEqual(decodeNetlinkMessages(DONE), {
    ok: true,
    value: [{ type: 3, flags: 2, sequence: 7, payload: new Uint8Array(4) }],
  })
})

test('decodeNetlinkMessages() gives back what was encoded, at any offset of a buffer', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.nat(9), (messages, offset) => {
      const octets = concatenate(messages.map((one) => encodeNetlinkMessage(one)))
      const shifted = concatenate([new Uint8Array(offset).fill(0xff), octets, Uint8Array.of(0xff)])
      assert.deepEqual(decodeNetlinkMessages(shifted.subarray(offset, offset + octets.length)), {
        ok: true,
        value: messages,
      })
    }),
  )
})

test('decodeNetlinkMessages() never throws, whatever the octets', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void decodeNetlinkMessages(octets)))
})

test('decodeNetlinkMessages() refuses every truncation of a message', () => {
  for (let length = 1; length < DONE.length; length++) {
    const decoded = decodeNetlinkMessages(DONE.subarray(0, length))
    assert.ok(!decoded.ok && decoded.error.code === 'Truncated', `${length} octets`)
  }
})

test('decodeNetlinkMessages() refuses a length that is shorter than its own header', () => {
  for (const lengthOctets of [0, 1, 15]) {
    const octets = DONE.slice()
    octets[0] = lengthOctets
    assert.deepEqual(decodeNetlinkMessages(octets), { ok: false, error: { code: 'BadLength', at: 0, lengthOctets } })
  }
})

test('decodeNetlinkError() reads the number without its sign, and refuses less than four octets', () => {
  assert.deepEqual(decodeNetlinkError(Uint8Array.of(0xed, 0xff, 0xff, 0xff)), { ok: true, value: 19 })
  assert.deepEqual(decodeNetlinkError(new Uint8Array(4)), { ok: true, value: 0 })
  assert.equal(decodeNetlinkError(new Uint8Array(3)).ok, false)
})
