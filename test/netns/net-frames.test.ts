import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openFrameSender } from '#io/net/frame-sender.ts'
import { NetError } from '#io/net/net-error.ts'
import { openSocket, SOCK_RAW, type Socket } from '#io/net/socket.ts'
import { frameSenderContract } from '#ports/frame-sender.contract.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import { createWire, makeFrame } from './wire.ts'

enterOwnNamespaces()
const AF_PACKET = 17
/** EtherType of the tests' frames: what the network stack sends by itself is not heard. */
const ETH_P_TEST = 0x88b5
const sockets: Socket[] = []
let names = 0
after(() => {
  for (const socket of sockets) socket.close()
})

/** Hears the frames of the tests that come in at an interface. */
function listenAt(ifindex: number): () => readonly Uint8Array[] {
  const subject = `listener at interface ${ifindex}`
  const socket = openSocket({ family: AF_PACKET, type: SOCK_RAW, protocol: 0, nonBlocking: true, subject })
  sockets.push(socket)
  const address = new DataView(new ArrayBuffer(20)) // struct sockaddr_ll
  address.setUint16(0, AF_PACKET, true)
  address.setUint16(2, ETH_P_TEST)
  address.setInt32(4, ifindex, true)
  socket.bind(new Uint8Array(address.buffer))
  return () => {
    const heard: Uint8Array[] = []
    for (
      let next = socket.receive(new Uint8Array(2048));
      next !== undefined;
      next = socket.receive(new Uint8Array(2048))
    )
      heard.push(next.slice())
    return heard
  }
}

frameSenderContract('openFrameSender()', () => {
  const { near, far } = createWire(`bltf${++names}`)
  return {
    sender: openFrameSender(),
    ifindex: near.ifindex,
    takeDown: () => run('ip', 'link', 'set', near.name, 'down'),
    sent: listenAt(far.ifindex),
  }
})

test('openFrameSender() throws for a device that is gone, and goes on with others', () => {
  const [gone, there] = [createWire('bltg'), createWire('blth')]
  const heard = listenAt(there.far.ifindex)
  const sender = openFrameSender()
  run('ip', 'link', 'delete', gone.near.name)
  assert.throws(
    () => sender.send(gone.near.ifindex, makeFrame()),
    (error) => error instanceof NetError && error.failure.code === 'SystemCall' && error.failure.errno === 'ENXIO',
  )
  sender.send(there.near.ifindex, makeFrame())
  assert.deepEqual(heard(), [makeFrame()])
  sender.close()
})
