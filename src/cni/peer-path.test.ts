import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device } from '#model/device.ts'
import type { Node } from '#model/node.ts'
import { formatPath, peerPaths, type PeerPath, type RoutingMode } from './peer-path.ts'
import { device, node } from './samples.fake.ts'

const OWN = node('n1', ['192.168.10.1', 'fd00:10::1'], ['10.244.1.0/24', 'fd00:244:1::/64'])
const DEVICES = [device('eth0', '192.168.10.1/24,fd00:10::1/64')]

function paths(
  peers: readonly Node[],
  routingMode: RoutingMode = 'auto',
  devices: readonly Device[] = DEVICES,
  own: Node = OWN,
): readonly PeerPath[] {
  return peerPaths({ own: own.name, nodes: [...peers, own], devices, routingMode })
}

test('peerPaths() routes to nodes on a shared subnet, each family for itself', () => {
  const near = node('n2', ['192.168.10.2', 'fd00:10::2'], ['10.244.2.0/24', 'fd00:244:2::/64'])
  assert.deepEqual(paths([near]).map(formatPath), [
    '10.244.2.0/24 of n2 via 192.168.10.2 dev eth0',
    'fd00:244:2::/64 of n2 via fd00:10::2 dev eth0',
  ])
})

test('peerPaths() takes the overlay to nodes beyond a router', () => {
  const far = node('n2', ['192.168.20.2'], ['10.244.2.0/24', 'fd00:244:2::/64'])
  assert.deepEqual(paths([far]).map(formatPath), [
    '10.244.2.0/24 of n2 through balise_vxlan to 192.168.20.2',
    'fd00:244:2::/64 of n2 through balise_vxlan to 192.168.20.2',
  ])
})

test('peerPaths() mixes: IPv4 by a route, IPv6 through the overlay where nodes have no IPv6', () => {
  const near = node('n2', ['192.168.10.2'], ['10.244.2.0/24', 'fd00:244:2::/64'])
  assert.deepEqual(paths([near]).map(formatPath), [
    '10.244.2.0/24 of n2 via 192.168.10.2 dev eth0',
    'fd00:244:2::/64 of n2 through balise_vxlan to 192.168.10.2',
  ])
})

test('peerPaths() takes IPv6 between nodes that have nothing else in common', () => {
  const far = node('n2', ['fd00:20::2'], ['10.244.2.0/24'])
  assert.deepEqual(paths([far]).map(formatPath), ['10.244.2.0/24 of n2 through balise_vxlan to fd00:20::2'])
})

test('peerPaths() takes IPv4 between the nodes where both have it, whichever their Nodes name first', () => {
  const far = node('n2', ['fd00:20::2', '192.168.20.2'], ['fd00:244:2::/64'])
  assert.deepEqual(paths([far]).map(formatPath), ['fd00:244:2::/64 of n2 through balise_vxlan to 192.168.20.2'])
})

test('peerPaths() never routes by our own address, which another node claims', () => {
  const twin = node('n2', ['192.168.10.1'], ['10.244.2.0/24'])
  assert.deepEqual(
    paths([twin], 'native').map(({ kind }) => kind),
    ['none'],
  )
})

test('peerPaths() of mode tunnel takes the overlay even on a shared subnet', () => {
  const near = node('n2', ['192.168.10.2'], ['10.244.2.0/24'])
  assert.deepEqual(paths([near], 'tunnel').map(formatPath), [
    '10.244.2.0/24 of n2 through balise_vxlan to 192.168.10.2',
  ])
})

test('peerPaths() of mode native leaves nodes beyond a router to the routers, and says so', () => {
  const far = node('n2', ['192.168.20.2'], ['10.244.2.0/24', 'fd00:244:2::/64'])
  assert.deepEqual(
    paths([far], 'native').map((path) => path.kind === 'none' && path.why.code),
    ['NotOnLink', 'NoAddress'],
  )
})

test('peerPaths() leaves the later of two nodes with one podCIDR out, by name', () => {
  const [b, c] = ['b', 'c'].map((name) => node(name, ['192.168.10.9'], ['10.244.9.0/24']))
  assert.ok(b !== undefined && c !== undefined)
  const found = paths([c, b])
  assert.deepEqual(
    found.map(({ node, kind }) => [node, kind]),
    [
      ['b', 'route'],
      ['c', 'none'],
    ],
  )
})

test('peerPaths() never routes our own podCIDR elsewhere', () => {
  const thief = node('a', ['192.168.10.9'], ['10.244.1.0/24'])
  assert.deepEqual(
    paths([thief]).map((path) => path.kind === 'none' && path.why),
    [{ code: 'Clash', with: 'n1' }],
  )
})

test('peerPaths() takes no device of a pod, of the overlay or that is down for an uplink', () => {
  const peer = node('n2', ['192.168.10.2'], ['10.244.2.0/24'])
  const others = [
    device('blc00000000001', '192.168.10.1/24'),
    device('balise_vxlan', '192.168.10.1/24'),
    device('eth9', '192.168.10.1/24', { up: false }),
    device('lo', '192.168.10.1/24', { loopback: true }),
  ]
  assert.deepEqual(
    paths([peer], 'auto', others).map(({ kind }) => kind),
    ['tunnel'],
  )
})

test('peerPaths() takes the device with the longest subnet', () => {
  const peer = node('n2', ['192.168.10.2'], ['10.244.2.0/24'])
  const devices = [device('wide', '192.168.0.1/16'), device('narrow', '192.168.10.1/24')]
  assert.deepEqual(paths([peer], 'auto', devices).map(formatPath), ['10.244.2.0/24 of n2 via 192.168.10.2 dev narrow'])
})

test('peerPaths() is nothing for nodes without a podCIDR, and before this node is known', () => {
  assert.deepEqual(paths([node('n2', ['192.168.10.2'], [])]), [])
  assert.deepEqual(peerPaths({ own: 'n1', nodes: [], devices: DEVICES, routingMode: 'auto' }), [])
})
