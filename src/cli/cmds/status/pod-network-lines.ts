import type { PodNetworkStatus, StatusAnswer } from '#api/agent.ts'

type Line = readonly [key: string, ...values: string[]]

const MODES: { readonly [M in PodNetworkStatus['mode']]: string } = {
  full: 'Full',
  chained: 'Chained',
  none: 'None',
  undecided: 'Undecided',
}

const ROUTING: { readonly [R in PodNetworkStatus['routing']['mode']]: string } = {
  native: 'Native',
  tunnel: 'Tunnel [vxlan]',
  mixed: 'Native and Tunnel [vxlan]',
}

/** The lines of `status` about the pods' network, in the words of `cilium-dbg status`; one line where the network is another's. */
export function podNetworkLines({ podNetwork }: Pick<StatusAnswer, 'podNetwork'>): readonly Line[] {
  const { mode, why, confFile } = podNetwork
  const cni: Line = ['CNI', MODES[mode], why]
  if (mode === 'none' || mode === 'undecided') return [cni]
  const conf: Line = ['CNI Config file', confFile === null ? 'not written' : confFile]
  return mode === 'chained' ? [cni, conf] : [cni, conf, ...fullLines(podNetwork)]
}

function fullLines({ ipam, routing, mtuBytes, masquerading }: PodNetworkStatus): readonly Line[] {
  const mtu = mtuBytes === null ? '' : `, MTU ${mtuBytes}`
  const counts = [
    `${routing.routes} by routes`,
    `${routing.tunnels} through VXLAN`,
    ...(routing.unreachable > 0 ? [`${routing.unreachable} without a path`] : []),
  ]
  return [
    ['IPAM', ipam.map(allocation).join(', ') || 'no podCIDR'],
    ['Routing', ROUTING[routing.mode], `podCIDRs of other nodes: ${counts.join(', ')}${mtu}`],
    ['Masquerading', masquerading.length === 0 ? 'Disabled' : `nftables [${masquerading.join(', ')}]`],
  ]
}

function allocation({ family, podCidr, allocated, capacity }: PodNetworkStatus['ipam'][number]): string {
  return `${family}: ${allocated}${capacity === null ? '' : `/${capacity}`} allocated from ${podCidr}`
}
