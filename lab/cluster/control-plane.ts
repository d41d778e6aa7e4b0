import { formatIp } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { launch } from '#lab/process/launch.ts'
import { NODE_API } from '#lab/proxy/start.ts'
import { hostPath, pkiPath } from '#lab/state/paths.ts'
import { infrastructureOf, type Topology } from '#lab/topology/topology.ts'
import { writeKubeconfig } from './kubeconfig.ts'

/** Where kube-apiserver listens on the infrastructure host. */
export const API_PORT = 6443

/** Where the nodes find the API server. */
export function apiOfNodes(topology: Topology): string {
  return topology.api === 'proxy' ? NODE_API : controlPlaneAddress(topology)
}

/** `192.168.10.2:6443` */
export function controlPlaneAddress(topology: Topology): string {
  return `${formatIp(infrastructureOf(topology).address)}:${API_PORT}`
}

interface Program {
  readonly name: string
  readonly argv: readonly string[]
}

/** Starts etcd and kube-apiserver, and, where there are whole nodes, the controllers and the scheduler. Does not wait for them. */
export function startControlPlane(lab: string, topology: Topology, hierarchies: readonly Hierarchy[]): void {
  const host = infrastructureOf(topology).name
  for (const certificate of ['controller-manager', 'scheduler']) {
    const file = pkiPath(lab, `${certificate}.kubeconfig`)
    writeKubeconfig({ lab, server: `https://127.0.0.1:${API_PORT}`, certificate, file })
  }
  const programs = [etcd(lab, host), apiServer(lab, topology)]
  if (topology.size === 'cluster') programs.push(controllerManager(lab, topology), scheduler(lab))
  for (const program of programs) launch({ lab, host, ...program }, hierarchies)
}

function etcd(lab: string, host: string): Program {
  const data = hostPath(lab, host, 'disk', 'etcd')
  const flags = ['--unsafe-no-fsync', '--log-level=warn', '--listen-peer-urls=http://127.0.0.1:2380']
  const client = 'http://127.0.0.1:2379'
  return {
    name: 'etcd',
    argv: [
      'etcd',
      `--data-dir=${data}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      ...flags,
    ],
  }
}

function apiServer(lab: string, topology: Topology): Program {
  const pki = (name: string): string => pkiPath(lab, name)
  return {
    name: 'kube-apiserver',
    argv: [
      'kube-apiserver',
      '--etcd-servers=http://127.0.0.1:2379',
      `--secure-port=${API_PORT}`,
      `--advertise-address=${formatIp(infrastructureOf(topology).address)}`,
      `--service-cluster-ip-range=${topology.servicePrefixes.map(formatPrefix).join(',')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('service-accounts.key')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
    ],
  }
}

function controllerManager(lab: string, topology: Topology): Program {
  return {
    name: 'kube-controller-manager',
    argv: [
      'kube-controller-manager',
      `--kubeconfig=${pkiPath(lab, 'controller-manager.kubeconfig')}`,
      '--use-service-account-credentials',
      `--service-account-private-key-file=${pkiPath(lab, 'service-accounts.key')}`,
      `--root-ca-file=${pkiPath(lab, 'ca.crt')}`,
      `--cluster-signing-cert-file=${pkiPath(lab, 'ca.crt')}`,
      `--cluster-signing-key-file=${pkiPath(lab, 'ca.key')}`,
      '--allocate-node-cidrs',
      `--cluster-cidr=${topology.podPrefixes.map(formatPrefix).join(',')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ],
  }
}

function scheduler(lab: string): Program {
  return {
    name: 'kube-scheduler',
    argv: [
      'kube-scheduler',
      `--kubeconfig=${pkiPath(lab, 'scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ],
  }
}
