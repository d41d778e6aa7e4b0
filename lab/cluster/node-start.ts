import { formatIp } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { runOn } from '#lab/machine/inside.ts'
import { launch } from '#lab/process/launch.ts'
import { startNodeProxy } from '#lab/proxy/start.ts'
import { hostPath } from '#lab/state/paths.ts'
import type { Topology, TopologyHost } from '#lab/topology/topology.ts'
import { debsRoot } from '#tools/cache.ts'
import { masqueradeRules, podPrefixesOf, podRoutes, REFERENCE_PLUGINS } from './cni.ts'
import { containerdArgv } from './containerd.ts'
import { apiOfNodes, controlPlaneAddress } from './control-plane.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { kubeletArgv } from './kubelet.ts'
import { startKubeProxy } from './kube-proxy.ts'

/** The Node object as the lab registers it, before the kubelet does: with the prefix that the CNI has for its pods. */
export function nodeObject(topology: Topology, node: TopologyHost): object {
  const prefixes = podPrefixesOf(topology, node).map(formatPrefix)
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name, ...node.labels } },
    spec: { podCIDR: prefixes[0], podCIDRs: prefixes },
    ...(topology.size === 'api'
      ? { status: { addresses: node.addresses.map((ip) => ({ type: 'InternalIP', address: formatIp(ip) })) } }
      : {}),
  }
}

/** Runs a short shell script on a host. */
function script(
  lab: string,
  host: string,
  hierarchies: readonly Hierarchy[],
  text: string,
  input = '',
): Promise<string> {
  return runOn({ lab, host }, hierarchies, ['sh', '-euc', text], input)
}

/** Lets a host pass on what is not for itself. */
export const FORWARDING = 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'

/** Network settings of a node and its container runtime: what needs no API. */
export async function startNodeBase(
  lab: string,
  topology: Topology,
  node: TopologyHost,
  hierarchies: readonly Hierarchy[],
): Promise<void> {
  if (topology.api === 'proxy') startNodeProxy({ lab, host: node.name, to: controlPlaneAddress(topology) }, hierarchies)
  if (topology.cni === 'reference') await startReferenceNetwork(lab, topology, node, hierarchies)
  if (topology.size === 'api') return
  await script(lab, node.name, hierarchies, 'chmod +x /usr/local/bin/balise-lab-runc')
  launch({ lab, host: node.name, name: 'containerd', argv: containerdArgv(), restarts: true }, hierarchies)
}

async function startReferenceNetwork(
  lab: string,
  topology: Topology,
  node: TopologyHost,
  hierarchies: readonly Hierarchy[],
): Promise<void> {
  await script(lab, node.name, hierarchies, FORWARDING)
  await script(lab, node.name, hierarchies, 'ip -batch -', podRoutes(topology, node).join('\n'))
  if (topology.size === 'api') return
  // A copy: what is put there or taken away on one node, Balise's plugin for one, is nothing to the others.
  const plugins = REFERENCE_PLUGINS.map((plugin) => `${debsRoot()}/usr/lib/cni/${plugin}`)
  await script(lab, node.name, hierarchies, `mkdir -p /opt/cni/bin; cp ${plugins.join(' ')} /opt/cni/bin`)
  await script(lab, node.name, hierarchies, 'nft -f -', masqueradeRules(topology, node))
}

/** The kubelet, and kube-proxy where the topology has it. The API has to be there. */
export function startNodeAgents(
  lab: string,
  topology: Topology,
  node: TopologyHost,
  hierarchies: readonly Hierarchy[],
): void {
  const file = hostPath(lab, node.name, 'kubelet.kubeconfig')
  writeKubeconfig({ lab, server: `https://${apiOfNodes(topology)}`, certificate: `node-${node.name}`, file })
  launch({ lab, host: node.name, name: 'kubelet', argv: kubeletArgv(node, file), restarts: true }, hierarchies)
  startKubeProxy(lab, topology, node, hierarchies)
}
