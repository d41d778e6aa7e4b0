import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { type DesiredNetwork, desiredNetwork, type NetworkSettings } from './network.ts'
import { formatRoute } from './plan.ts'
import { device, node } from './samples.fake.ts'

const SETTINGS: NetworkSettings = {
  routingMode: 'auto',
  tunnelPort: 8472,
  mtuBytes: 0,
  masqueradeFamilies: ['IPv4', 'IPv6'],
  directCidrs: [],
}

const OWN = node('n1', ['192.168.10.1'], ['10.244.1.0/24', 'fd00:244:1::/64'])
const NEAR = node('n2', ['192.168.10.2'], ['10.244.2.0/24'])
const FAR = node('n3', ['192.168.20.3'], ['10.244.3.0/24', 'fd00:244:3::/64'])

function desire(
  nodes: readonly Node[],
  settings: Partial<NetworkSettings> = {},
  ours: readonly string[] = ['n2', 'n3'],
): DesiredNetwork {
  return desiredNetwork({
    own: 'n1',
    nodes,
    ours: new Set(ours),
    devices: [device('eth0', '192.168.10.1/24'), device('blc00000000001', '')],
    settings: { ...SETTINGS, ...settings },
  })
}

test('desiredNetwork() has routes to near nodes and no overlay where none is far', () => {
  const desired = desire([OWN, NEAR])
  assert.deepEqual(desired.routes.map(formatRoute), ['10.244.2.0/24 via 192.168.10.2 dev eth0'])
  assert.deepEqual([desired.overlay, desired.tunnels, desired.podMtuBytes], [undefined, [], 1500])
  assert.deepEqual(desired.uplinks, ['eth0'])
})

test("desiredNetwork() reaches far nodes through the overlay, from the node's own address in its podCIDR", () => {
  const desired = desire([OWN, NEAR, FAR])
  assert.deepEqual(desired.routes.map(formatRoute), [
    '10.244.2.0/24 via 192.168.10.2 dev eth0',
    '10.244.3.0/24 dev balise_vxlan src 10.244.1.1',
    'fd00:244:3::/64 dev balise_vxlan src fd00:244:1::1',
  ])
  assert.deepEqual(desired.overlay?.addresses.map(formatIp), ['10.244.1.1', 'fd00:244:1::1'])
  assert.equal(desired.overlay?.mtuBytes, 1450)
  assert.equal(desired.podMtuBytes, 1450)
  assert.deepEqual(
    desired.tunnels.map(({ node, remote }) => [node, formatIp(remote)]),
    [
      ['n3', '192.168.20.3'],
      ['n3', '192.168.20.3'],
    ],
  )
})

test('desiredNetwork() of mode tunnel has the overlay before there are other nodes, so that the MTU stays', () => {
  const desired = desire([OWN], { routingMode: 'tunnel' })
  assert.equal(desired.podMtuBytes, 1450)
  assert.equal(desired.overlay?.portUdp, 8472)
})

test('desiredNetwork() leaves room for IPv6 around packets where one peer needs it', () => {
  const own = node('n1', ['192.168.10.1', 'fd00:10::1'], ['10.244.1.0/24'])
  const only6 = node('n4', ['fd00:40::4'], ['10.244.4.0/24'])
  assert.equal(desire([own, FAR, only6]).overlay?.mtuBytes, 1430)
})

/** The destinations of a set of the ruleset. */
function elements(desired: DesiredNetwork, set: string): readonly string[] {
  const found = new RegExp(`set ${set} \\{[^}]*elements = \\{ ([^}]*) \\}`).exec(desired.masquerade ?? '')
  return found?.[1]?.split(', ') ?? []
}

test('desiredNetwork() lets pods see each other unmasqueraded, and nodes that know the way back', () => {
  const direct = elements(desire([OWN, NEAR, FAR]), 'direct4')
  for (const prefix of ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24', '192.168.10.2/32'])
    assert.ok(direct.includes(prefix), prefix)
  assert.ok(
    !direct.includes('192.168.20.3/32'),
    'the far node answers through the overlay, not on the way that it was asked',
  )
})

test('desiredNetwork() masquerades towards nodes on which the network is not ours', () => {
  assert.ok(!elements(desire([OWN, NEAR], {}, []), 'direct4').includes('192.168.10.2/32'))
})

test('desiredNetwork() leaves destinations alone that were set', () => {
  const directCidrs = ['192.168.0.0/16', 'fd12::/16'].map(mustParsePrefix)
  const desired = desire([OWN], { directCidrs })
  assert.ok(elements(desired, 'direct4').includes('192.168.0.0/16'))
  assert.ok(elements(desired, 'direct6').includes('fd12::/16'))
})

test('desiredNetwork() is empty before this node has a podCIDR', () => {
  const desired = desire([node('n1', ['192.168.10.1'], [])])
  assert.deepEqual([desired.podCidrs, desired.routes, desired.masquerade], [[], [], undefined])
})
