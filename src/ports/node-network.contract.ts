import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { type NetworkOp, OVERLAY_DEVICE, type Route } from '#model/node-network.ts'
import { formatPrefix, mustParsePrefix } from '#model/prefix.ts'
import type { NodeNetwork } from './node-network.ts'

export interface OpenNodeNetwork {
  readonly network: NodeNetwork
  /** A device with 192.0.2.1/24 and fd00:2::1/64; routes may lead over it. */
  readonly device: string
  /** Adds a route over that device as somebody else. */
  addForeign(to: string, via: string): void
  /** Removes a route of ours as somebody else. */
  loseRoute(to: string): void
  /** Changes something in our table as somebody else. */
  touchMasquerade(): void
}

const BOUND = { timeout: 20_000 }
const RULESET = `table inet balise {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.244.1.0/24 masquerade
  }
}
`
const CREATE: NetworkOp = { kind: 'createOverlay', portUdp: 8472, mtuBytes: 1400 }

/** What every `NodeNetwork` promises: run on the fake and on the kernel's. Each `open` is a network without anything of ours. */
export function nodeNetworkContract(subject: string, open: () => Promise<OpenNodeNetwork> | OpenNodeNetwork): void {
  const route = (to: string, device: string, via?: string, source?: string): Route => ({
    to: mustParsePrefix(to),
    device,
    via: via === undefined ? undefined : mustParseIp(via),
    source: source === undefined ? undefined : mustParseIp(source),
  })
  const ours = async (network: NodeNetwork): Promise<readonly string[]> =>
    (await network.read()).routes
      .filter(({ own }) => own)
      .map(({ to, via, device, source }) =>
        [formatPrefix(to), via && formatIp(via), device, source && formatIp(source)].filter((part) => part).join(' '),
      )
      .sort()
  const does = async (network: NodeNetwork, ...ops: readonly NetworkOp[]): Promise<void> =>
    assert.deepEqual(
      await network.apply(ops),
      ops.map(() => undefined),
    )

  test(`${subject} shows routes that it added as ours, of both families`, BOUND, async () => {
    const { network, device } = await open()
    await does(
      network,
      { kind: 'addRoute', route: route('10.244.2.0/24', device, '192.0.2.2') },
      { kind: 'addRoute', route: route('fd00:244:2::/64', device, 'fd00:2::2') },
    )
    assert.deepEqual(await ours(network), [`10.244.2.0/24 192.0.2.2 ${device}`, `fd00:244:2::/64 fd00:2::2 ${device}`])
  })

  test(`${subject} replaces and deletes routes of ours, and deletes what is gone`, BOUND, async () => {
    const { network, device } = await open()
    const second = route('10.244.2.0/24', device, '192.0.2.3')
    await does(network, { kind: 'addRoute', route: route('10.244.2.0/24', device, '192.0.2.2') })
    await does(network, { kind: 'replaceRoute', route: second })
    assert.deepEqual(await ours(network), [`10.244.2.0/24 192.0.2.3 ${device}`])
    await does(network, { kind: 'deleteRoute', route: second }, { kind: 'deleteRoute', route: second })
    assert.deepEqual(await ours(network), [])
  })

  test(
    `${subject} adds no route beside a foreign one to the same destination, and deletes none but ours`,
    BOUND,
    async () => {
      const { network, device, addForeign } = await open()
      addForeign('10.244.2.0/24', '192.0.2.9')
      const wanted = route('10.244.2.0/24', device, '192.0.2.2')
      const [words] = await network.apply([{ kind: 'addRoute', route: wanted }])
      assert.match(words ?? '', /exists/)
      await does(network, { kind: 'deleteRoute', route: route('10.244.2.0/24', device, '192.0.2.9') })
      const foreign = (await network.read()).routes.find(({ to }) => formatPrefix(to) === '10.244.2.0/24')
      assert.deepEqual([foreign?.own, foreign?.via && formatIp(foreign.via)], [false, '192.0.2.9'])
    },
  )

  test(`${subject} goes on after a change that failed, and says which`, BOUND, async () => {
    const { network, device } = await open()
    const outcomes = await network.apply([
      { kind: 'addRoute', route: route('10.244.2.0/24', device, '192.0.2.2') },
      { kind: 'addRoute', route: route('10.244.3.0/24', OVERLAY_DEVICE) },
      { kind: 'addRoute', route: route('10.244.4.0/24', device, '192.0.2.4') },
    ])
    assert.deepEqual(
      outcomes.map((words) => words !== undefined),
      [false, true, false],
    )
    assert.match(outcomes[1] ?? '', /Cannot find device/)
    assert.equal((await ours(network)).length, 2)
  })

  test(
    `${subject} makes the overlay, gives it addresses and another MTU, and routes from them over it`,
    BOUND,
    async () => {
      const { network } = await open()
      const address = mustParseIp('10.244.1.1')
      const address6 = mustParseIp('fd00:244:1::1')
      await does(
        network,
        CREATE,
        { kind: 'addOverlayAddress', address },
        { kind: 'addOverlayAddress', address: address6 },
        { kind: 'addOverlayAddress', address },
        { kind: 'setOverlayMtu', mtuBytes: 1430 },
        { kind: 'addRoute', route: route('10.244.3.0/24', OVERLAY_DEVICE, undefined, '10.244.1.1') },
        { kind: 'addRoute', route: route('fd00:244:3::/64', OVERLAY_DEVICE, undefined, 'fd00:244:1::1') },
      )
      const { overlay, overlayExists, otherVxlans } = await network.read()
      assert.deepEqual([overlay?.portUdp, overlay?.mtuBytes, overlayExists, otherVxlans], [8472, 1430, true, []])
      assert.deepEqual(overlay?.addresses.map(formatIp), ['10.244.1.1', 'fd00:244:1::1'])
      assert.deepEqual(await ours(network), [
        `10.244.3.0/24 ${OVERLAY_DEVICE} 10.244.1.1`,
        `fd00:244:3::/64 ${OVERLAY_DEVICE} fd00:244:1::1`,
      ])
      await does(network, { kind: 'deleteOverlayAddress', address: address6 })
      assert.deepEqual((await network.read()).overlay?.addresses.map(formatIp), ['10.244.1.1'])
    },
  )

  test(`${subject} takes the overlay away with its routes, also when it is gone already`, BOUND, async () => {
    const { network } = await open()
    await does(network, CREATE, { kind: 'addRoute', route: route('10.244.3.0/24', OVERLAY_DEVICE) })
    await does(network, { kind: 'deleteOverlay' }, { kind: 'deleteOverlay' })
    const state = await network.read()
    assert.deepEqual([state.overlay, state.overlayExists, await ours(network)], [undefined, false, []])
  })

  test(`${subject} knows the rules that it set, until somebody changes them`, BOUND, async () => {
    const { network, touchMasquerade } = await open()
    await does(network, { kind: 'setMasquerade', ruleset: RULESET })
    assert.equal((await network.read()).masquerade, RULESET)
    touchMasquerade()
    const changed = await network.read()
    assert.deepEqual([changed.masquerade, changed.masqueradeExists], [undefined, true])
    await does(network, { kind: 'setMasquerade', ruleset: RULESET })
    assert.equal((await network.read()).masquerade, RULESET)
    await does(network, { kind: 'deleteMasquerade' }, { kind: 'deleteMasquerade' })
    assert.equal((await network.read()).masqueradeExists, false)
  })

  test(`${subject} tells when somebody changes the rules of masquerading`, BOUND, async () => {
    const { network, touchMasquerade } = await open()
    await does(network, { kind: 'setMasquerade', ruleset: RULESET })
    const controller = new AbortController()
    const changes = network.ruleChanges(controller.signal)[Symbol.asyncIterator]()
    const next = changes.next()
    touchMasquerade()
    assert.equal((await next).done, false)
    controller.abort()
    assert.equal((await changes.next()).done, true)
  })

  test(`${subject} tells when a route of ours goes away`, BOUND, async () => {
    const { network, device, loseRoute } = await open()
    await does(network, { kind: 'addRoute', route: route('10.244.2.0/24', device, '192.0.2.2') })
    const controller = new AbortController()
    const losses = network.losses(controller.signal)[Symbol.asyncIterator]()
    const next = losses.next()
    loseRoute('10.244.2.0/24')
    assert.equal((await next).done, false)
    controller.abort()
    assert.equal((await losses.next()).done, true)
  })
}
