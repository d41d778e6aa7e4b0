import type { MachineSpec } from '#lab/machine/machine.ts'
import { labDir } from '#lab/state/paths.ts'
import type { Topology, TopologyHost } from '#lab/topology/topology.ts'
import { cniConfig } from './cni.ts'
import { containerdConfig, registryHosts, snapshotterFor } from './containerd.ts'
import { commonFiles } from './hosts-file.ts'
import { KUBELET_CONFIG, kubeletConfig } from './kubelet.ts'
import { registryAddress } from './registry.ts'
import { missingCapabilitiesHere, RUNC_ENTRY, runcEntry } from './runc-entry.ts'

/** What a node keeps over a crash, as on a disk; everything else of its file system is gone then. */
const NODE_DISKS = [
  ...['/etc/cni/net.d', '/opt/cni/bin', '/var/lib/cni', '/var/lib/balise'],
  ...['/var/lib/containerd', '/var/lib/kubelet', '/var/log/pods', '/var/log/containers'],
]

/** A host as a machine: what it has on its disk and which files lie there when it starts. */
export function machineOf(lab: string, topology: Topology, host: TopologyHost): MachineSpec {
  const common = commonFiles(topology, host)
  if (host.role !== 'node' || topology.size === 'api') return { lab, host: host.name, disks: [], files: common }
  const files = {
    ...common,
    '/etc/containerd/config.toml': containerdConfig(snapshotterFor(labDir(lab))),
    '/etc/containerd/certs.d/_default/hosts.toml': registryHosts(registryAddress(topology)),
    [RUNC_ENTRY]: runcEntry(missingCapabilitiesHere()),
    [KUBELET_CONFIG]: kubeletConfig(lab, topology, host),
    ...(topology.cni === 'reference' ? { '/etc/cni/net.d/10-reference.conflist': cniConfig(topology, host) } : {}),
  }
  return { lab, host: host.name, disks: NODE_DISKS, files }
}
