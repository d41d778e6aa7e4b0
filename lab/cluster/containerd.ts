import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { debsRoot } from '#tools/cache.ts'
import { RUNC_ENTRY } from './runc-entry.ts'

/** `native` copies every layer: slower, but it works where overlayfs cannot write. */
export type Snapshotter = 'overlayfs' | 'native'

/** The magic number of overlayfs (linux/magic.h), which takes no overlayfs on top of itself. */
const OVERLAYFS_SUPER_MAGIC = 0x794c7630

/** What containerd can use where its folder is. */
export function snapshotterFor(folder: string): Snapshotter {
  return statfsSync(folder).type === OVERLAYFS_SUPER_MAGIC ? 'native' : 'overlayfs'
}

/** Containerd's configuration on a node (version 1.6, Debian 12): default paths, the lab's registry for every name. */
export function containerdConfig(snapshotter: Snapshotter): string {
  return `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "${RUNC_ENTRY}"
`
}

/** Which registry serves a name: ours, whatever the name. */
export function registryHosts(address: string): string {
  return `[host."http://${address}"]
  capabilities = ["pull", "resolve"]
`
}

/** The command line; its shim is found beside it through PATH. */
export function containerdArgv(): readonly string[] {
  return [join(debsRoot(), 'usr/bin/containerd'), '--config=/etc/containerd/config.toml']
}
