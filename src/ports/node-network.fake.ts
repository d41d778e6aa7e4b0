import { isDeepStrictEqual } from 'node:util'
import { sameIp } from '#model/ip.ts'
import {
  type NetworkOp,
  type NodeNetworkState,
  type ObservedRoute,
  OVERLAY_DEVICE,
  type Overlay,
} from '#model/node-network.ts'
import { formatPrefix } from '#model/prefix.ts'
import { createFakeChanges } from './changes.fake.ts'
import type { NodeNetwork } from './node-network.ts'

export interface FakeNodeNetwork extends NodeNetwork {
  /** As it is now. */
  state(): NodeNetworkState
  /** Everything that was done, in order. */
  readonly done: readonly NetworkOp[]
  /** Changes something as somebody else would, and tells those who wait for losses, or for changes of rules. */
  disturb(change: (state: MutableNetwork) => void): void
  /** From now on reading fails with these words, until it is called without them. */
  refuseToRead(words?: string): void
  /** From now on changes of that kind fail with these words, until it is called without them. */
  refuse(kind: NetworkOp['kind'], words?: string): void
}

export interface MutableNetwork {
  routes: readonly ObservedRoute[]
  overlay: Overlay | undefined
  overlayExists: boolean
  otherVxlans: NodeNetworkState['otherVxlans']
  masquerade: string | undefined
  masqueradeExists: boolean
  hostPortsExist: boolean
  forwardDrops: NodeNetworkState['forwardDrops']
}

/** A network in memory. Devices other than the overlay are all there. */
export function createFakeNodeNetwork(initial: Partial<NodeNetworkState> = {}): FakeNodeNetwork {
  const state: MutableNetwork = {
    routes: [],
    overlay: undefined,
    overlayExists: false,
    otherVxlans: [],
    masquerade: undefined,
    masqueradeExists: false,
    hostPortsExist: false,
    forwardDrops: [],
    ...initial,
  }
  const done: NetworkOp[] = []
  const refused = new Map<NetworkOp['kind'], string>()
  const lost = createFakeChanges()
  const rules = createFakeChanges()
  let unreadable: string | undefined
  const apply = (op: NetworkOp): string | undefined => {
    const words = refused.get(op.kind) ?? change(state, op)
    if (words === undefined) done.push(op)
    if (op.kind === 'setMasquerade' || op.kind === 'deleteMasquerade') rules.tell()
    return words
  }
  return {
    done,
    state: () => ({ ...state }),
    async read() {
      if (unreadable !== undefined) throw new Error(unreadable)
      return { ...state }
    },
    apply: async (ops) => ops.map(apply),
    losses: (signal) => lost.listen(signal),
    ruleChanges: (signal) => rules.listen(signal),
    disturb(disturbance) {
      const { masquerade, masqueradeExists, ...others } = state
      disturbance(state)
      const { masquerade: masqueradeNow, masqueradeExists: existsNow, ...othersNow } = state
      if (masquerade !== masqueradeNow || masqueradeExists !== existsNow) rules.tell()
      if (!isDeepStrictEqual(others, othersNow)) lost.tell()
    },
    refuseToRead(words) {
      unreadable = words
    },
    refuse(kind, words) {
      if (words === undefined) refused.delete(kind)
      else refused.set(kind, words)
    },
  }
}

/** Why it cannot be done, in the kernel's words. */
function change(state: MutableNetwork, op: NetworkOp): string | undefined {
  switch (op.kind) {
    case 'createOverlay':
      if (state.overlayExists) return 'File exists'
      state.overlay = { portUdp: op.portUdp, mtuBytes: op.mtuBytes, addresses: [] }
      state.overlayExists = true
      return undefined
    case 'deleteOverlay':
      state.overlay = undefined
      state.overlayExists = false
      state.routes = state.routes.filter(({ device }) => device !== OVERLAY_DEVICE)
      return undefined
    case 'setOverlayMtu':
      if (state.overlay === undefined) return `Cannot find device "${OVERLAY_DEVICE}"`
      state.overlay = { ...state.overlay, mtuBytes: op.mtuBytes }
      return undefined
    case 'addOverlayAddress': {
      if (state.overlay === undefined) return `Cannot find device "${OVERLAY_DEVICE}"`
      const { addresses } = state.overlay
      if (addresses.some((address) => sameIp(address, op.address))) return undefined
      state.overlay = { ...state.overlay, addresses: [...addresses, op.address] }
      return undefined
    }
    case 'deleteOverlayAddress':
      if (state.overlay === undefined) return undefined
      state.overlay = {
        ...state.overlay,
        addresses: state.overlay.addresses.filter((address) => !sameIp(address, op.address)),
      }
      return undefined
    case 'addRoute':
      if (op.route.device === OVERLAY_DEVICE && state.overlay === undefined)
        return `Cannot find device "${OVERLAY_DEVICE}"`
      if (state.routes.some((route) => sameDestination(route, op.route))) return 'File exists'
      state.routes = [...state.routes, { ...op.route, own: true }]
      return undefined
    case 'replaceRoute':
      if (op.route.device === OVERLAY_DEVICE && state.overlay === undefined)
        return `Cannot find device "${OVERLAY_DEVICE}"`
      state.routes = [...state.routes.filter((route) => !sameDestination(route, op.route)), { ...op.route, own: true }]
      return undefined
    case 'deleteRoute':
      state.routes = state.routes.filter((route) => !(route.own && sameDestination(route, op.route)))
      return undefined
    case 'setMasquerade':
      state.masquerade = op.ruleset
      state.masqueradeExists = true
      return undefined
    case 'deleteMasquerade':
      state.masquerade = undefined
      state.masqueradeExists = false
      return undefined
    case 'deleteHostPorts':
      state.hostPortsExist = false
      return undefined
    case 'deletePodDevice':
      return undefined
  }
}

function sameDestination(a: Pick<ObservedRoute, 'to'>, b: Pick<ObservedRoute, 'to'>): boolean {
  return formatPrefix(a.to) === formatPrefix(b.to)
}
