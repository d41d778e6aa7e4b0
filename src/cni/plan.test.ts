import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import type { NodeNetworkState, ObservedRoute, Overlay, Route } from '#model/node-network.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { formatNetworkOp, planNetwork } from './plan.ts'

const EMPTY: NodeNetworkState = {
  routes: [],
  overlay: undefined,
  overlayExists: false,
  otherVxlans: [],
  masquerade: undefined,
  masqueradeExists: false,
  hostPortsExist: false,
  forwardDrops: [],
}

const OVERLAY: Overlay = { portUdp: 8472, mtuBytes: 1450, addresses: [mustParseIp('10.244.1.1')] }

/** `10.244.2.0/24 192.168.10.2 eth0`, `10.244.2.0/24 - balise_vxlan` */
function route(text: string, source?: string): Route {
  const [to = '', via = '', device = ''] = text.split(' ')
  return {
    to: mustParsePrefix(to),
    via: via === '-' ? undefined : mustParseIp(via),
    device,
    source: source === undefined ? undefined : mustParseIp(source),
  }
}

function there(text: string, own = true, source?: string): ObservedRoute {
  return { ...route(text, source), own }
}

interface Desired {
  readonly routes?: readonly Route[]
  readonly overlay?: Overlay | undefined
  readonly masquerade?: string
}

function plan(desired: Desired, observed: Partial<NodeNetworkState> = {}): ReturnType<typeof planNetwork> {
  const { routes = [], overlay, masquerade } = desired
  return planNetwork({ routes, overlay, masquerade }, { ...EMPTY, ...observed })
}

function ops(desired: Desired, observed: Partial<NodeNetworkState> = {}): readonly string[] {
  return plan(desired, observed).ops.map((op) => `${op.kind}: ${formatNetworkOp(op)}`)
}

const NEAR = '10.244.2.0/24 192.168.10.2 eth0'

test('planNetwork() adds what is missing, sorted', () => {
  const routes = [route('10.244.3.0/24 192.168.10.3 eth0'), route(NEAR)]
  assert.deepEqual(ops({ routes, masquerade: 'rules' }), [
    'addRoute: route 10.244.2.0/24 via 192.168.10.2 dev eth0',
    'addRoute: route 10.244.3.0/24 via 192.168.10.3 dev eth0',
    'setMasquerade: set the masquerade rules',
  ])
})

test('planNetwork() is nothing where all is as it should be', () => {
  const observed = {
    routes: [there(NEAR), there('10.244.3.0/24 - balise_vxlan', true, '10.244.1.1')],
    overlay: OVERLAY,
    overlayExists: true,
    masquerade: 'rules',
    masqueradeExists: true,
  }
  const routes = [route(NEAR), route('10.244.3.0/24 - balise_vxlan', '10.244.1.1')]
  assert.deepEqual(ops({ routes, overlay: OVERLAY, masquerade: 'rules' }, observed), [])
})

test('planNetwork() replaces our route when the node behind it moved, without a moment without one', () => {
  assert.deepEqual(ops({ routes: [route('10.244.2.0/24 192.168.10.9 eth0')] }, { routes: [there(NEAR)] }), [
    'replaceRoute: route 10.244.2.0/24 via 192.168.10.9 dev eth0',
  ])
})

test('planNetwork() replaces our route when its source address is another', () => {
  const observed = { routes: [there('10.244.3.0/24 - eth0', true, '10.244.9.1')] }
  assert.deepEqual(ops({ routes: [route('10.244.3.0/24 - eth0', '10.244.1.1')] }, observed), [
    'replaceRoute: route 10.244.3.0/24 dev eth0 src 10.244.1.1',
  ])
})

test('planNetwork() deletes our routes to nodes that are gone, and only ours', () => {
  const routes = [
    there(NEAR),
    there('10.9.0.0/16 192.168.10.1 eth0', false),
    there('0.0.0.0/0 192.168.10.1 eth0', false),
  ]
  assert.deepEqual(ops({}, { routes }), ['deleteRoute: delete the route 10.244.2.0/24 via 192.168.10.2 dev eth0'])
})

test('planNetwork() takes an equal route of somebody else for done', () => {
  assert.deepEqual(plan({ routes: [route(NEAR)] }, { routes: [there(NEAR, false)] }), { ops: [], taken: [] })
})

test('planNetwork() never replaces a route of somebody else: it is taken', () => {
  const other = there('10.244.2.0/24 192.168.10.99 eth0', false)
  const { ops: done, taken } = plan({ routes: [route(NEAR)] }, { routes: [other] })
  assert.deepEqual(done, [])
  assert.deepEqual(taken, [{ wanted: route(NEAR), there: other }])
})

test('planNetwork() takes our route away beside that of somebody else to the same destination', () => {
  const observed = {
    routes: [there('10.244.2.0/24 192.168.10.9 eth0'), there('10.244.2.0/24 192.168.10.99 eth1', false)],
  }
  const { ops: done, taken } = plan({ routes: [route(NEAR)] }, observed)
  assert.deepEqual(
    done.map(({ kind }) => kind),
    ['deleteRoute'],
  )
  assert.equal(taken.length, 1)
})

test('planNetwork() makes the overlay before routes over it', () => {
  const routes = [route('10.244.3.0/24 - balise_vxlan', '10.244.1.1')]
  assert.deepEqual(ops({ routes, overlay: OVERLAY }), [
    'createOverlay: create balise_vxlan on UDP port 8472',
    'addOverlayAddress: add 10.244.1.1 to balise_vxlan',
    'addRoute: route 10.244.3.0/24 dev balise_vxlan src 10.244.1.1',
  ])
})

test('planNetwork() takes the overlay away after routes over it', () => {
  const observed = { routes: [there('10.244.3.0/24 - balise_vxlan')], overlay: OVERLAY, overlayExists: true }
  assert.deepEqual(
    plan({}, observed).ops.map(({ kind }) => kind),
    ['deleteRoute', 'deleteOverlay'],
  )
})

test('planNetwork() makes an overlay anew that listens on another port or is none of the right kind, with its routes', () => {
  const routes = [route('10.244.3.0/24 - balise_vxlan')]
  const there8472 = { routes: [there('10.244.3.0/24 - balise_vxlan')], overlay: OVERLAY, overlayExists: true }
  const kinds = (observed: Partial<NodeNetworkState>): readonly string[] =>
    plan({ routes, overlay: { ...OVERLAY, portUdp: 4789 } }, observed).ops.map(({ kind }) => kind)
  const anew = ['deleteOverlay', 'createOverlay', 'addOverlayAddress', 'addRoute']
  assert.deepEqual(kinds(there8472), anew)
  assert.deepEqual(kinds({ overlayExists: true }), anew)
})

test('planNetwork() corrects MTU and addresses of the overlay in place', () => {
  const observed = {
    overlay: { ...OVERLAY, mtuBytes: 1500, addresses: [mustParseIp('10.244.9.1')] },
    overlayExists: true,
  }
  assert.deepEqual(ops({ overlay: OVERLAY }, observed), [
    'setOverlayMtu: give balise_vxlan the MTU 1450',
    'addOverlayAddress: add 10.244.1.1 to balise_vxlan',
    'deleteOverlayAddress: take 10.244.9.1 from balise_vxlan',
  ])
})

test('planNetwork() sets rules anew that were changed, and deletes them where none are wanted', () => {
  assert.deepEqual(
    plan({ masquerade: 'rules' }, { masqueradeExists: true }).ops.map(({ kind }) => kind),
    ['setMasquerade'],
  )
  assert.deepEqual(
    plan({}, { masqueradeExists: true }).ops.map(({ kind }) => kind),
    ['deleteMasquerade'],
  )
})
