import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { LabError } from '#lab/state/lab-error.ts'
import type { LabSize } from '#lab/topology/topology.ts'
import { binDir, debsRoot } from '#tools/cache.ts'

const PROGRAMS = ['ip', 'nsenter', 'unshare', 'mount', 'pivot_root', 'openssl', 'nft', 'hostname']
const API_BINARIES = ['etcd', 'kube-apiserver', 'kubectl']
const CLUSTER_BINARIES = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'helm']
const UNPACKED = ['usr/bin/containerd', 'usr/sbin/runc', 'usr/lib/cni/ptp', 'usr/bin/docker-registry']

/** Throws one error that lists everything a lab needs and this machine lacks. */
export function checkRequirements(size: LabSize): void {
  const missing: string[] = []
  if (process.getuid?.() !== 0) missing.push('root: network namespaces and eBPF need it')
  const filesystems = readFileSync('/proc/filesystems', 'utf8')
  for (const type of ['overlay', 'bpf', 'cgroup2', 'tmpfs']) {
    if (!new RegExp(`\\s${type}$`, 'm').test(filesystems))
      missing.push(`the file system ${type}: this kernel does not have it (or its module is not loaded)`)
  }
  if (!existsSync('/proc/self/ns/net')) missing.push('network namespaces: this kernel does not have them')
  if (!existsSync('/proc/self/ns/cgroup')) missing.push('cgroup namespaces: this kernel does not have them')
  for (const program of PROGRAMS) if (!inPath(program)) missing.push(`the program ${program}`)
  const binaries = size === 'api' ? API_BINARIES : [...API_BINARIES, ...CLUSTER_BINARIES]
  for (const name of binaries) if (!existsSync(join(binDir(), name))) missing.push(`${join(binDir(), name)}`)
  if (size === 'cluster')
    for (const file of UNPACKED) if (!existsSync(join(debsRoot(), file))) missing.push(join(debsRoot(), file))
  if (missing.length === 0) return
  const lines = missing.map((what) => `  ${what}`)
  throw new LabError(
    [
      'A lab needs what this machine does not have:',
      ...lines,
      '"npm run lab" installs the programs and fills the cache',
    ].join('\n'),
  )
}

function inPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, program)))
}
