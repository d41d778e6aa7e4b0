import { formatIp } from '#model/ip.ts'
import { pkiPath } from '#lab/state/paths.ts'
import type { Topology, TopologyHost } from '#lab/topology/topology.ts'
import { stringify } from 'yaml'
import { dnsServiceAddress } from './certificates.ts'

/** The kubelet's configuration file on a node. */
export function kubeletConfig(lab: string, topology: Topology, node: TopologyHost): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDNS: [formatIp(dnsServiceAddress(topology))],
    clusterDomain: 'cluster.local',
    failSwapOn: false,
    tlsCertFile: pkiPath(lab, `node-${node.name}.crt`),
    tlsPrivateKeyFile: pkiPath(lab, `node-${node.name}.key`),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pkiPath(lab, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    // a lab shares its disk with everything else on the machine: how full that is says nothing about the node
    evictionHard: {
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'memory.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    nodeStatusUpdateFrequency: '5s',
    syncFrequency: '10s',
  })
}

/** Where the kubelet finds its configuration on the node. */
export const KUBELET_CONFIG = '/etc/kubernetes/kubelet.yaml'

export function kubeletArgv(node: TopologyHost, kubeconfig: string): readonly string[] {
  return [
    'kubelet',
    `--config=${KUBELET_CONFIG}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.addresses.map(formatIp).join(',')}`,
  ]
}
