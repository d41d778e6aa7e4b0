import type { DesiredNetwork } from '#cni/network.ts'
import { ownAddress } from '#cni/pod-prefix.ts'
import { desiredOverlay, OVERLAY_NETWORK_ID, type OverlayNode, type OverlayOp, planOverlay } from '#datapath/overlay.ts'
import type { Family, Ip } from '#model/ip.ts'
import { OVERLAY_DEVICE } from '#model/node-network.ts'
import type { Node } from '#model/node.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { BpfPrograms } from '#ports/bpf-programs.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import { AGENT_CONFIG_KEY } from '#wire/bpf/agent-config.ts'
import { encodeOverlayConfig, type OverlayConfig } from '#wire/bpf/overlay-config.ts'

export interface OverlayOptions {
  readonly maps: BpfMaps
  readonly programs: BpfPrograms
  readonly net: NetDevices
}

/** Programs and maps of the overlay's device: which packet goes to which node. */
export class Overlay {
  readonly #options: OverlayOptions
  #deletes: readonly OverlayOp[] = []

  constructor(options: OverlayOptions) {
    this.#options = options
  }

  /** Writes the ways that are new, before routes lead there. What is to go goes with `finish`. */
  prepare({ tunnels }: DesiredNetwork, nodes: readonly Node[]): void {
    const { maps } = this.#options
    const observed = { overlay4: maps.map('overlay4').entries(), overlay6: maps.map('overlay6').entries() }
    const ops = planOverlay(desiredOverlay(overlayNodes(tunnels, nodes)).entries, observed)
    this.#deletes = ops.filter(({ value }) => value === undefined)
    for (const { map, key, value } of ops) if (value !== undefined) maps.map(map).update(key, value)
  }

  /** Hangs the programs on the device, where there is one, and forgets ways to which no route leads any more. */
  finish(desired: DesiredNetwork, self: Node | undefined): void {
    const { maps, programs, net } = this.#options
    const device = net.list().find(({ name }) => name === OVERLAY_DEVICE)
    const isWanted = desired.overlay !== undefined && device !== undefined
    const config = isWanted ? configOf(device.ifindex, desired, self) : NO_OVERLAY
    maps.map('overlay_config').update(AGENT_CONFIG_KEY, encodeOverlayConfig(config))
    if (isWanted) programs.attachOverlay(device)
    for (const { map, key } of this.#deletes) maps.map(map).delete(key)
    this.#deletes = []
  }
}

const NO_OVERLAY: OverlayConfig = {
  ifindex: 0,
  networkId: 0,
  address4: undefined,
  address6: undefined,
  nodeAddress4: undefined,
  nodeAddress6: undefined,
}

function configOf(ifindex: number, { podCidrs }: DesiredNetwork, self: Node | undefined): OverlayConfig {
  const own = podCidrs.map(ownAddress)
  const ofFamily = (ips: readonly Ip[], family: Family): Ip | undefined => ips.find((ip) => ip.family === family)
  return {
    ifindex,
    networkId: OVERLAY_NETWORK_ID,
    address4: ofFamily(own, 'IPv4'),
    address6: ofFamily(own, 'IPv6'),
    nodeAddress4: ofFamily(self?.internalIps ?? [], 'IPv4'),
    nodeAddress6: ofFamily(self?.internalIps ?? [], 'IPv6'),
  }
}

function overlayNodes(tunnels: DesiredNetwork['tunnels'], nodes: readonly Node[]): readonly OverlayNode[] {
  return [...Map.groupBy(tunnels, ({ node }) => node)].flatMap(([name, ways]) => {
    const [first] = ways
    if (first === undefined) return []
    const addresses = nodes.find((node) => node.name === name)?.internalIps ?? []
    return [{ name, underlay: first.remote, podCidrs: ways.map(({ podCidr }) => podCidr), addresses }]
  })
}
