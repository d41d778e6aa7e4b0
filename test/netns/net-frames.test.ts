import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFrameSender } from '#io/net/frame-sender.ts'
import { NetError } from '#io/net/net-error.ts'
import { openSocket, SOCK_RAW } from '#io/net/socket.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import { createWire, makeFrame } from './wire.ts'

enterOwnNamespaces()
const AF_PACKET = 17
/** ETH_P_ALL in network order, as socket(2) wants it. */
const ALL_PROTOCOLS = 0x0300

test('openFrameSender() puts exactly the given octets on the wire', () => {
  const { near, far } = createWire('bltf')
  const options = { family: AF_PACKET, type: SOCK_RAW, nonBlocking: true, subject: 'test' }
  const receiver = openSocket({ ...options, protocol: ALL_PROTOCOLS })
  const frame = makeFrame()
  crypto.getRandomValues(frame.subarray(14))
  const sender = openFrameSender()
  sender.send(near.ifindex, frame)
  const seen: Uint8Array[] = []
  for (
    let got = receiver.receive(new Uint8Array(2048));
    got !== undefined;
    got = receiver.receive(new Uint8Array(2048))
  )
    seen.push(got)
  assert.equal(
    seen.filter((octets) => Buffer.compare(octets, frame) === 0).length,
    2,
    'once out of near, once in at far',
  )
  assert.notEqual(far.ifindex, near.ifindex)
  sender.close()
  receiver.close()
})

test('openFrameSender() throws for a device that is down, and for one that is gone', () => {
  const { near } = createWire('bltd')
  const sender = openFrameSender()
  run('ip', 'link', 'set', near.name, 'down')
  assert.throws(() => sender.send(near.ifindex, makeFrame()), hasErrno('ENETDOWN'))
  run('ip', 'link', 'delete', near.name)
  assert.throws(() => sender.send(near.ifindex, makeFrame()), hasErrno('ENXIO'))
  sender.close()
})

test('openFrameSender() refuses what is too short to be a frame', () => {
  const sender = openFrameSender()
  assert.throws(
    () => sender.send(1, new Uint8Array(13)),
    (error) => error instanceof NetError && error.failure.code === 'FrameTooShort',
  )
  sender.close()
})

function hasErrno(errno: string): (error: unknown) => boolean {
  return (error) => error instanceof NetError && error.failure.code === 'SystemCall' && error.failure.errno === errno
}
