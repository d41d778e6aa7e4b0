import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { formatPrefix, mustParsePrefix } from '#model/prefix.ts'
import { nodeNetworkContract } from './node-network.contract.ts'
import { createFakeNodeNetwork } from './node-network.fake.ts'

nodeNetworkContract('createFakeNodeNetwork()', () => {
  const network = createFakeNodeNetwork()
  return {
    network,
    device: 'eth0',
    addForeign: (to, via) =>
      network.disturb((state) => {
        const route = { to: mustParsePrefix(to), via: mustParseIp(via), device: 'eth0', source: undefined, own: false }
        state.routes = [...state.routes, route]
      }),
    loseRoute: (to) =>
      network.disturb((state) => {
        state.routes = state.routes.filter((route) => formatPrefix(route.to) !== to)
      }),
    touchMasquerade: () =>
      network.disturb((state) => {
        state.masquerade = undefined
      }),
  }
})

test('createFakeNodeNetwork() refuses what it was told to, and takes note of the rest', async () => {
  const network = createFakeNodeNetwork()
  network.refuse('setMasquerade', 'Operation not supported')
  const ops = [{ kind: 'setMasquerade', ruleset: 'r' } as const, { kind: 'deleteOverlay' } as const]
  assert.deepEqual(await network.apply(ops), ['Operation not supported', undefined])
  assert.deepEqual(network.done, [{ kind: 'deleteOverlay' }])
})
