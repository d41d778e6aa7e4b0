import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import {
  desiredOverlay,
  OVERLAY_MAPS,
  type OverlayEntry,
  type OverlayMapName,
  type OverlayNode,
  type OverlayOp,
  planOverlay,
} from './overlay.ts'

function node(name: string, underlay: string, podCidrs: readonly string[], addresses = [underlay]): OverlayNode {
  return {
    name,
    underlay: mustParseIp(underlay),
    podCidrs: podCidrs.map(mustParsePrefix),
    addresses: addresses.map(mustParseIp),
  }
}

const NODE1 = node('node1', '192.168.20.216', ['10.244.1.0/24', 'fd00:10:244:1::/64'])
const NODE2 = node('node2', '2001:db8::217', ['10.244.2.0/24'], ['192.168.30.217', '2001:db8::217'])

/** Maps in memory, by the octets of their keys. */
function emptyMaps(): { readonly [map in OverlayMapName]: Map<string, { key: Uint8Array; value: Uint8Array }> } {
  return { overlay4: new Map(), overlay6: new Map() }
}

function observed(maps: ReturnType<typeof emptyMaps>): Parameters<typeof planOverlay>[1] {
  return { overlay4: [...maps.overlay4.values()], overlay6: [...maps.overlay6.values()] }
}

function apply(maps: ReturnType<typeof emptyMaps>, ops: readonly OverlayOp[]): void {
  for (const { map, key, value } of ops) {
    if (value === undefined) maps[map].delete(String(key))
    else maps[map].set(String(key), { key, value })
  }
}

function plan(nodes: readonly OverlayNode[], maps: ReturnType<typeof emptyMaps>): readonly OverlayOp[] {
  return planOverlay(desiredOverlay(nodes).entries, observed(maps))
}

function shown(entries: ReadonlyMap<string, OverlayEntry>): readonly string[] {
  return Array.from(
    entries,
    ([prefix, { peer }]) => `${prefix} ${peer.isDestination ? 'at' : 'from'} ${formatIp(peer.address)}`,
  ).toSorted()
}

test('desiredOverlay() has prefixes of pods as destinations and addresses of nodes as sources', () => {
  const { entries, conflicts } = desiredOverlay([NODE2, NODE1])
  assert.deepEqual(conflicts, [])
  assert.deepEqual(shown(entries), [
    '10.244.1.0/24 at 192.168.20.216',
    '10.244.2.0/24 at 2001:db8::217',
    '192.168.20.216/32 from 192.168.20.216',
    '192.168.30.217/32 from 2001:db8::217',
    '2001:db8::217/128 from 2001:db8::217',
    'fd00:10:244:1::/64 at 192.168.20.216',
  ])
})

test('desiredOverlay() leaves a contested prefix with the first node by name, and says so', () => {
  const rival = node('node0', '192.168.20.210', ['10.244.1.0/24'])
  for (const nodes of [
    [NODE1, rival],
    [rival, NODE1],
  ]) {
    const { entries, conflicts } = desiredOverlay(nodes)
    assert.equal(entries.get('10.244.1.0/24')?.node, 'node0')
    assert.deepEqual(conflicts, [{ prefix: '10.244.1.0/24', node: 'node1', holder: 'node0' }])
  }
})

test('desiredOverlay() bears an address that a node has twice', () => {
  const { conflicts } = desiredOverlay([node('node1', '192.168.20.216', [], ['192.168.20.216', '192.168.20.216'])])
  assert.deepEqual(conflicts, [])
})

test('planOverlay() puts each prefix into the map of its family', () => {
  assert.deepEqual(
    plan([NODE1], emptyMaps()).map(({ map, text }) => `${map}: ${text}`),
    [
      'overlay4: put 10.244.1.0/24 at 192.168.20.216',
      'overlay4: put 192.168.20.216/32 at 192.168.20.216',
      'overlay6: put fd00:10:244:1::/64 at 192.168.20.216',
    ],
  )
})

test('planOverlay() puts before it deletes, and replaces in place', () => {
  const maps = emptyMaps()
  apply(maps, plan([NODE1, NODE2], maps))
  const moved = node('node1', '192.168.20.219', ['10.244.1.0/24', '10.244.9.0/24'])
  assert.deepEqual(
    plan([moved], maps).map(({ text }) => text),
    [
      'put 10.244.1.0/24 at 192.168.20.219',
      'put 10.244.9.0/24 at 192.168.20.219',
      'put 192.168.20.219/32 at 192.168.20.219',
      'delete 10.244.2.0/24',
      'delete 192.168.20.216/32',
      'delete 192.168.30.217/32',
      'delete 2001:db8::217/128',
      'delete fd00:10:244:1::/64',
    ],
  )
})

test('planOverlay() deletes what it cannot read, and mends what differs in one octet', () => {
  const maps = emptyMaps()
  apply(maps, plan([NODE1], maps))
  const unreadable = Uint8Array.of(99, 0, 0, 0, 10, 0, 0, 0)
  maps.overlay4.set('?', { key: unreadable, value: new Uint8Array(20) })
  for (const entry of maps.overlay6.values()) entry.value[17] = 0
  assert.deepEqual(
    plan([NODE1], maps).map(({ text }) => text),
    ['put fd00:10:244:1::/64 at 192.168.20.216', 'delete overlay4 key 99 0 0 0 10 0 0 0'],
  )
})

test('planOverlay() leads to what is desired from anything, and then has nothing to do', () => {
  const anyNode = fc
    .record({ number: fc.nat(5), site: fc.nat(3), isDual: fc.boolean() })
    .map(({ number, site, isDual }) =>
      node(`node${number}`, isDual ? `2001:db8::${site + 1}` : `192.168.${site}.${number + 1}`, [
        `10.244.${number}.0/24`,
        ...(isDual ? [`fd00:10:244:${number}::/64`] : []),
      ]),
    )
  const property = fc.property(fc.array(anyNode), fc.array(anyNode), (before, after) => {
    const maps = emptyMaps()
    apply(maps, plan(before, maps))
    apply(maps, plan(after, maps))
    assert.deepEqual(plan(after, maps), [])
    const held = OVERLAY_MAPS.reduce((sum, map) => sum + maps[map].size, 0)
    assert.equal(held, desiredOverlay(after).entries.size)
  })
  fc.assert(property)
})
