import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameSenderContract } from './frame-sender.contract.ts'
import { createFakeFrameSender } from './frame-sender.fake.ts'

frameSenderContract('createFakeFrameSender()', () => {
  const sender = createFakeFrameSender()
  return {
    sender,
    ifindex: 2,
    takeDown: () => sender.breakDevice(2),
    sent: () => sender.sent.map(({ frame }) => frame),
  }
})

test('createFakeFrameSender() sends again through a device that came back', () => {
  const sender = createFakeFrameSender()
  sender.breakDevice(2)
  assert.throws(() => sender.send(2, new Uint8Array(60)))
  sender.send(3, new Uint8Array(60))
  sender.revive(2)
  sender.send(2, new Uint8Array(60))
  assert.deepEqual(
    sender.sent.map(({ ifindex }) => ifindex),
    [3, 2],
  )
})
