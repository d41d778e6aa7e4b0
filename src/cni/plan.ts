import { compareIp, formatIp, type Ip, sameIp } from '#model/ip.ts'
import type { NetworkOp, NodeNetworkState, ObservedRoute, Overlay, Route } from '#model/node-network.ts'
import { OVERLAY_DEVICE } from '#model/node-network.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { DesiredNetwork } from './network.ts'

export interface NetworkPlan {
  readonly ops: readonly NetworkOp[]
  /** Routes that are not made, because somebody else has another one to the same destination. */
  readonly taken: readonly { readonly wanted: Route; readonly there: Route }[]
}

/**
 * What turns the observed network into the desired one. The overlay comes before routes over it and goes after them; routes are put before others
 * are deleted, sorted by destination. Routes of others are left alone: an equal one serves as well, another is in the way and said so.
 */
export function planNetwork(
  desired: Pick<DesiredNetwork, 'routes' | 'overlay' | 'masquerade'>,
  observed: NodeNetworkState,
): NetworkPlan {
  const overlay = planOverlay(desired.overlay, observed)
  // with a new device the routes over the old one are gone
  const isRenewed = overlay.some(({ kind }) => kind === 'createOverlay')
  const there = isRenewed ? observed.routes.filter(({ device }) => device !== OVERLAY_DEVICE) : observed.routes
  const routes = planRoutes(desired.routes, there)
  return {
    ops: [
      ...overlay,
      ...routes.puts,
      ...planMasquerade(desired.masquerade, observed),
      ...routes.deletes,
      ...(desired.overlay === undefined && observed.overlayExists ? [{ kind: 'deleteOverlay' } as const] : []),
    ],
    taken: routes.taken,
  }
}

function planOverlay(
  desired: Overlay | undefined,
  { overlay: there, overlayExists }: NodeNetworkState,
): readonly NetworkOp[] {
  if (desired === undefined) return []
  const { portUdp, mtuBytes, addresses } = desired
  const isRight = there?.portUdp === portUdp
  const present = isRight ? there.addresses : []
  return [
    ...(!isRight && overlayExists ? [{ kind: 'deleteOverlay' } as const] : []),
    ...(isRight ? [] : [{ kind: 'createOverlay', portUdp, mtuBytes } as const]),
    ...(isRight && there.mtuBytes !== mtuBytes ? [{ kind: 'setOverlayMtu', mtuBytes } as const] : []),
    ...without(addresses, present).map((address) => ({ kind: 'addOverlayAddress', address }) as const),
    ...without(present, addresses).map((address) => ({ kind: 'deleteOverlayAddress', address }) as const),
  ]
}

function without(addresses: readonly Ip[], others: readonly Ip[]): readonly Ip[] {
  return addresses.filter((address) => !others.some((other) => sameIp(address, other)))
}

function planRoutes(
  desired: readonly Route[],
  observed: readonly ObservedRoute[],
): {
  readonly puts: readonly NetworkOp[]
  readonly deletes: readonly NetworkOp[]
  readonly taken: NetworkPlan['taken']
} {
  const byDestination = Map.groupBy(observed, ({ to }) => formatPrefix(to))
  const puts: NetworkOp[] = []
  const taken: { readonly wanted: Route; readonly there: Route }[] = []
  for (const route of desired.toSorted(byTo)) {
    const there = byDestination.get(formatPrefix(route.to)) ?? []
    if (there.some((other) => sameRoute(other, route))) continue
    const foreign = there.find(({ own }) => !own)
    if (foreign !== undefined) taken.push({ wanted: route, there: foreign })
    else puts.push({ kind: there.length > 0 ? 'replaceRoute' : 'addRoute', route })
  }
  const wanted = new Map(desired.map((route) => [formatPrefix(route.to), route]))
  const replaced = new Set(puts.flatMap((op) => (op.kind === 'replaceRoute' ? [formatPrefix(op.route.to)] : [])))
  const deletes = observed
    .filter((route) => route.own && !replaced.has(formatPrefix(route.to)))
    .filter((route) => !sameRoute(route, wanted.get(formatPrefix(route.to))))
    .toSorted(byTo)
    .map(({ own: _own, ...route }) => ({ kind: 'deleteRoute', route }) as const)
  return { puts, deletes, taken }
}

function planMasquerade(desired: string | undefined, observed: NodeNetworkState): readonly NetworkOp[] {
  if (desired !== undefined) return observed.masquerade === desired ? [] : [{ kind: 'setMasquerade', ruleset: desired }]
  return observed.masqueradeExists ? [{ kind: 'deleteMasquerade' }] : []
}

/** The source address does not count where the other does not say one. */
function sameRoute(a: Route, b: Route | undefined): boolean {
  return (
    b !== undefined &&
    compareIp(a.to.address, b.to.address) === 0 &&
    a.to.lengthBits === b.to.lengthBits &&
    a.device === b.device &&
    textOf(a.via) === textOf(b.via) &&
    (b.source === undefined || textOf(a.source) === textOf(b.source))
  )
}

function textOf(ip: Ip | undefined): string {
  return ip === undefined ? '' : formatIp(ip)
}

function byTo(a: Route, b: Route): number {
  return compareIp(a.to.address, b.to.address) || a.to.lengthBits - b.to.lengthBits
}

/** `route to 10.244.2.0/24`: for failures. */
export function formatNetworkOp(op: NetworkOp): string {
  switch (op.kind) {
    case 'createOverlay':
      return `create ${OVERLAY_DEVICE} on UDP port ${op.portUdp}`
    case 'deleteOverlay':
      return `delete ${OVERLAY_DEVICE}`
    case 'setOverlayMtu':
      return `give ${OVERLAY_DEVICE} the MTU ${op.mtuBytes}`
    case 'addOverlayAddress':
      return `add ${formatIp(op.address)} to ${OVERLAY_DEVICE}`
    case 'deleteOverlayAddress':
      return `take ${formatIp(op.address)} from ${OVERLAY_DEVICE}`
    case 'addRoute':
    case 'replaceRoute':
      return `route ${formatRoute(op.route)}`
    case 'deleteRoute':
      return `delete the route ${formatRoute(op.route)}`
    case 'setMasquerade':
      return 'set the masquerade rules'
    case 'deleteMasquerade':
      return 'delete the masquerade rules'
    case 'deleteHostPorts':
      return 'delete the rules of host ports'
    case 'deletePodDevice':
      return `delete ${op.device}`
  }
}

/** `10.244.2.0/24 via 192.168.10.216 dev eth0` */
export function formatRoute({ to, via, device, source }: Route): string {
  const next = via === undefined ? '' : ` via ${formatIp(via)}`
  return `${formatPrefix(to)}${next} dev ${device}${source === undefined ? '' : ` src ${formatIp(source)}`}`
}
