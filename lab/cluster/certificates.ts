import { formatIp, type Ip } from '#model/ip.ts'
import { hostsOfRole, infrastructureOf, type Topology } from '#lab/topology/topology.ts'
import type { CertificateRequest } from './pki.ts'

/** The address of the Service `kubernetes`: the first of the service prefix, as kube-apiserver takes it. */
export function apiServiceAddress(topology: Topology): Ip {
  return nth(topology, 1n)
}

/** The address of the cluster's DNS: the tenth of the service prefix, as kubeadm and k3s have it. */
export function dnsServiceAddress(topology: Topology): Ip {
  return nth(topology, 10n)
}

function nth(topology: Topology, n: bigint): Ip {
  const [prefix] = topology.servicePrefixes
  if (prefix === undefined) throw new Error(`Topology ${topology.name} has no service prefix`)
  return { ...prefix.address, value: prefix.address.value + n }
}

/** Every certificate of a cluster: who speaks to whom, as kubeadm makes them. */
export function certificatesOf(topology: Topology): readonly CertificateRequest[] {
  const names = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
  ]
  const own = [apiServiceAddress(topology), ...infrastructureOf(topology).addresses]
  const addresses = ['127.0.0.1', ...own.map(formatIp)]
  return [
    {
      name: 'apiserver',
      commonName: 'kube-apiserver',
      names: [...names.map((n) => `DNS:${n}`), ...addresses.map((a) => `IP:${a}`)],
    },
    { name: 'apiserver-kubelet', commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' },
    { name: 'admin', commonName: 'lab-admin', organization: 'system:masters' },
    { name: 'controller-manager', commonName: 'system:kube-controller-manager' },
    { name: 'scheduler', commonName: 'system:kube-scheduler' },
    { name: 'kube-proxy', commonName: 'system:kube-proxy' },
    ...hostsOfRole(topology, 'node').map(({ name, addresses: ofNode }) => ({
      name: `node-${name}`,
      commonName: `system:node:${name}`,
      organization: 'system:nodes',
      names: [`DNS:${name}`, ...ofNode.map((ip) => `IP:${formatIp(ip)}`)],
    })),
  ]
}
