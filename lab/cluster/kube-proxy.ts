import { formatPrefix } from '#model/prefix.ts'
import { writeFileSync } from 'node:fs'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { launch } from '#lab/process/launch.ts'
import { hostPath } from '#lab/state/paths.ts'
import type { Topology, TopologyHost } from '#lab/topology/topology.ts'
import { stringify } from 'yaml'
import { apiOfNodes } from './control-plane.ts'
import { writeKubeconfig } from './kubeconfig.ts'

/** Starts the real kube-proxy on a node, in the topology's mode; nothing where that is `none`. */
export function startKubeProxy(
  lab: string,
  topology: Topology,
  node: TopologyHost,
  hierarchies: readonly Hierarchy[],
): void {
  if (topology.kubeProxy === 'none') return
  const kubeconfig = hostPath(lab, node.name, 'kube-proxy.kubeconfig')
  writeKubeconfig({ lab, server: `https://${apiOfNodes(topology)}`, certificate: 'kube-proxy', file: kubeconfig })
  const config = hostPath(lab, node.name, 'kube-proxy.yaml')
  writeFileSync(config, kubeProxyConfig(topology, node, kubeconfig))
  launch({ lab, host: node.name, name: 'kube-proxy', argv: ['kube-proxy', `--config=${config}`] }, hierarchies)
}

function kubeProxyConfig(topology: Topology, node: TopologyHost, kubeconfig: string): string {
  return stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    mode: topology.kubeProxy,
    clusterCIDR: topology.podPrefixes.map(formatPrefix).join(','),
    hostnameOverride: node.name,
    // these limits are settings of the whole machine, which a lab leaves alone
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  })
}
