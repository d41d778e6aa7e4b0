import { formatIp, type Ip } from '#model/ip.ts'
import { type ForwardDrop, type NetworkOp, OVERLAY_DEVICE } from '#model/node-network.ts'
import { formatPrefix, type Prefix, prefixContains } from '#model/prefix.ts'
import { CONFLIST_NAME, isMetaConf, type NetworkConf } from './conf-files.ts'
import type { Mode } from './mode.ts'
import type { PeerPath } from './peer-path.ts'
import { formatNetworkOp, formatRoute, type NetworkPlan } from './plan.ts'
import type { PluginFailure } from './plugin-state.ts'
import { podCapacity } from './pod-prefix.ts'
import type { CniProblem } from './problem.ts'

/** How many of a kind are named; the rest are counted. */
const MOST_NAMED = 3

/** What is wrong with the podCIDRs that the node has, before anything is made of them. */
export function podCidrProblems(node: string, podCidrs: readonly Prefix[]): readonly CniProblem[] {
  if (podCidrs.length === 0) {
    const message = `Node ${node} has no podCIDR, so its pods get no addresses: start kube-controller-manager with --allocate-node-cidrs and --cluster-cidr (kubeadm: podSubnet), or set spec.podCIDRs of the Node`
    return [{ severity: 'error', code: 'NoPodCidr', message }]
  }
  return podCidrs
    .filter((podCidr) => podCapacity(podCidr) === 0n)
    .map((podCidr) => ({
      severity: 'error',
      code: 'PodCidrTooSmall',
      message: `podCIDR ${formatPrefix(podCidr)} of Node ${node} has no address for a pod: give nodes wider ones (--node-cidr-mask-size)`,
    }))
}

/** What the plugin's state says: full podCIDRs, addresses that belong to none, and its last failure. */
export function pluginProblems(
  podCidrs: readonly Prefix[],
  given: { readonly counts: readonly number[]; readonly outside: readonly Ip[] },
  failure: PluginFailure | undefined,
): readonly CniProblem[] {
  const full = podCidrs.filter((podCidr, index) => {
    const capacity = podCapacity(podCidr)
    return capacity > 0n && BigInt(given.counts[index] ?? 0) >= capacity
  })
  const problems: CniProblem[] = full.map((podCidr) => ({
    severity: 'error',
    code: 'PodCidrExhausted',
    message: `podCIDR ${formatPrefix(podCidr)} has no free address, all ${podCapacity(podCidr)} are given to pods: run fewer pods on this node, or give nodes wider podCIDRs`,
  }))
  if (given.outside.length > 0 && podCidrs.length > 0) {
    problems.push({
      severity: 'warning',
      code: 'AddressesOutsidePodCidr',
      message: `${named(given.outside.map(formatIp))} given to pods here, but outside of ${podCidrs.map(formatPrefix).join(', ')}: the podCIDR was another when they started, delete these pods so that they start anew`,
    })
  }
  if (failure !== undefined) {
    const pod = failure.pod === '' ? '' : ` for pod ${failure.pod}`
    problems.push({
      severity: 'warning',
      code: 'PluginFailed',
      message: `The CNI plugin could not do ${failure.command}${pod} (code ${failure.code}): ${failure.message}`,
    })
  }
  return problems
}

/** What foreign configurations mean for ours. */
export function foreignConfProblems(mode: Mode, confs: readonly NetworkConf[]): readonly CniProblem[] {
  const foreign = confs.filter((conf) => !isMetaConf(conf))
  const [first] = foreign
  if (mode === 'none' || first === undefined) return []
  if (first.file < CONFLIST_NAME) {
    return [
      {
        severity: 'error',
        code: 'ForeignConfFirst',
        message: `${first.file} comes before ${CONFLIST_NAME}, so the container runtime uses that network and not ours: remove it, or set cni.mode to full and cni.exclusive to true`,
      },
    ]
  }
  if (mode === 'chained') return []
  return [
    {
      severity: 'warning',
      code: 'ForeignConf',
      message: `${named(foreign.map(({ file }) => file))} of another network beside ${CONFLIST_NAME}: remove what is not in use, or set cni.mode to full and cni.exclusive to true`,
    },
  ]
}

/** Peers without a path, one line for each reason. */
export function pathProblems(paths: readonly PeerPath[]): readonly CniProblem[] {
  return paths.flatMap((path): readonly CniProblem[] => {
    if (path.kind !== 'none') return []
    const { node, podCidr, why } = path
    const text = formatPrefix(podCidr)
    switch (why.code) {
      case 'Clash':
        return [
          {
            severity: 'error',
            code: 'PodCidrClash',
            message: `podCIDR ${text} of Node ${node} is that of Node ${why.with} too, which keeps it: give each node its own`,
          },
        ]
      case 'NotOnLink':
        return [
          {
            severity: 'warning',
            code: 'NoRouteToPeer',
            message: `No route to ${text}: Node ${node} at ${formatIp(why.address)} is on no subnet of this node, so the routers between must know the way; or set routingMode to tunnel, or leave it empty`,
          },
        ]
      case 'NoAddress':
        return [
          {
            severity: 'error',
            code: 'NoRouteToPeer',
            message: `No route to ${text}: Node ${node} has no InternalIP of a family that this node has`,
          },
        ]
    }
  })
}

/** Routes that others have in our place, and changes that the kernel refused. */
export function planProblems(
  { ops, taken }: NetworkPlan,
  outcomes: readonly (string | undefined)[],
  otherVxlans: readonly { readonly device: string; readonly portUdp: number }[],
): readonly CniProblem[] {
  const takenRoutes = taken.map(
    ({ wanted, there }): CniProblem => ({
      severity: 'error',
      code: 'RouteTaken',
      message: `No route ${formatRoute(wanted)}: there is ${formatRoute(there)}, which is not ours; remove it, or leave the routes to who made it (routingMode native)`,
    }),
  )
  const failures = ops.flatMap((op, index) => {
    const words = outcomes[index]
    return words === undefined ? [] : [failureOf(op, words, otherVxlans)]
  })
  return [...takenRoutes, ...failures]
}

function failureOf(
  op: NetworkOp,
  words: string,
  otherVxlans: readonly { readonly device: string; readonly portUdp: number }[],
): CniProblem {
  const message = `The kernel refused to ${formatNetworkOp(op)}: ${words}`
  switch (op.kind) {
    case 'createOverlay': {
      const rival = otherVxlans.find(({ portUdp }) => portUdp === op.portUdp)
      const remedy =
        rival === undefined
          ? `; nodes on other subnets cannot be reached. Does the kernel have VXLAN (modprobe vxlan)? Else let routers know the podCIDRs and set routingMode to native`
          : `: ${rival.device} has this port; set tunnelPort to another one on all nodes`
      return { severity: 'error', code: 'OverlayFailed', message: `${message}${remedy}` }
    }
    case 'deleteOverlay':
    case 'setOverlayMtu':
    case 'addOverlayAddress':
    case 'deleteOverlayAddress':
      return { severity: 'error', code: 'OverlayFailed', message }
    case 'addRoute':
    case 'replaceRoute':
    case 'deleteRoute':
    case 'deletePodDevice':
      return { severity: 'error', code: 'RouteFailed', message }
    case 'setMasquerade':
    case 'deleteMasquerade':
    case 'deleteHostPorts':
      return {
        severity: 'error',
        code: 'MasqueradeFailed',
        message: `${message}. Pods cannot reach what is outside of the cluster. Does the kernel have nftables with NAT (modprobe nft_chain_nat nft_masq)? Else set enableIPv4Masquerade and enableIPv6Masquerade to false`,
      }
  }
}

/** Firewalls that keep packets of pods from being forwarded. Their rules are not ours to change. */
export function forwardProblems(podCidrs: readonly Prefix[], drops: readonly ForwardDrop[]): readonly CniProblem[] {
  return drops.flatMap(({ family, accepted }): readonly CniProblem[] => {
    const dropped = podCidrs.filter(
      ({ address, lengthBits }) =>
        address.family === family &&
        !accepted.some((prefix) => prefix.lengthBits <= lengthBits && prefixContains(prefix, address)),
    )
    if (dropped.length === 0) return []
    const iptables = family === 'IPv4' ? 'iptables' : 'ip6tables'
    return [
      {
        severity: 'warning',
        code: 'ForwardDropped',
        message: `The policy of chain FORWARD of ${iptables} is DROP, as Docker sets it, and no rule accepts all from ${dropped.map(formatPrefix).join(', ')}: pods may not be reached. Accept the cluster's pods there, from and to (${iptables} -I FORWARD -s PODS -j ACCEPT; ${iptables} -I FORWARD -d PODS -j ACCEPT), or set the policy to ACCEPT`,
      },
    ]
  })
}

/** A configuration of ours in a mode that has none. */
export function leftBehindProblem(ownMode: Mode | undefined): readonly CniProblem[] {
  if (ownMode === undefined) return []
  return [
    {
      severity: 'warning',
      code: 'ConfLeftBehind',
      message: `${CONFLIST_NAME} is in place although the CNI mode is none, so pods still get the network that it says: run 'balise cleanup' on this node, or set cni.mode to ${ownMode}`,
    },
  ]
}

/** What keeps us from running behind another network. `missing`: binaries of its plugins. */
export function chainProblems(
  target: string,
  base: NetworkConf | undefined,
  foreign: readonly NetworkConf[],
  missing: readonly string[] = [],
): readonly CniProblem[] {
  if (base === undefined) {
    const wanted = target === '' ? 'No other network is configured' : `No network is named ${target}`
    const there = foreign.map(({ file, network }) => `${file} (${network || 'without a name'})`)
    const seen = there.length === 0 ? 'the folder is empty' : `there are ${named(there)}`
    const message = `${wanted} on this node to run behind, ${seen}: install the other CNI, or set cni.mode to full`
    return [{ severity: 'error', code: 'NothingToChainTo', message }]
  }
  if (base.mistake !== undefined) {
    const message = `${base.file} ${base.mistake}, so nothing can run behind it: mend or remove it`
    return [{ severity: 'error', code: 'ForeignConfUnusable', message }]
  }
  return missing.map((type) => ({
    severity: 'error',
    code: 'PluginMissing',
    message: `${base.file} calls the plugin ${type}, which is not in the folder of plugins (cni.binPath): install it`,
  }))
}

/** The folder of network configurations cannot be written. */
export function confFolderProblem(why: string): CniProblem {
  return {
    severity: 'error',
    code: 'ConfFolderFailed',
    message: `The container runtime cannot be told of our network: ${why}; set cni.confPath to the folder that it reads, and see that it can be written`,
  }
}

/** The kernel could not be asked what is there. */
export function networkProblem(why: string): CniProblem {
  return {
    severity: 'error',
    code: 'NetworkFailed',
    message: `The network of this node cannot be looked at, so nothing of it is changed: ${why}. The image brings ip (iproute2) and nft; outside of it both must be installed`,
  }
}

/** The overlay's programs or maps. */
export function overlayProblem(why: string): CniProblem {
  return {
    severity: 'error',
    code: 'OverlayMapFailed',
    message: `${OVERLAY_DEVICE} does not carry packets as it should: ${why}`,
  }
}

/** `a.conf, b.conf and 2 more` */
function named(texts: readonly string[]): string {
  const shown = texts.slice(0, MOST_NAMED).join(', ')
  return texts.length > MOST_NAMED ? `${shown} and ${texts.length - MOST_NAMED} more` : shown
}
