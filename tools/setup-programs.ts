import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheKey } from './cache.ts'

/** A program of the lab that is built from a Go module of this folder, or taken from its official release. */
export interface Program {
  /** Name of the built file in the cache. */
  readonly name: string
  readonly version: string
  /** Folder of the Go module, below `tools`. */
  readonly module: string
  /** What `go build` builds there. */
  readonly package: string
  readonly ldflags: string
  /** Names that lead to the built file: it does what the name says. Empty: its own name alone. */
  readonly calledAs: readonly string[]
  /** Seconds of the first build on two cores, for the progress line. */
  readonly buildSeconds: number
  readonly releases: (arch: string) => readonly Release[]
}

/** A file of an official release. */
export interface Release {
  readonly url: string
  /** File with the SHA-256 in hexadecimal: alone, or in lines as sha256sum writes them. */
  readonly checksumUrl: string
  /** Commands to take, each with its path in the archive; for a file that is no archive the path is empty. */
  readonly commands: readonly (readonly [name: string, path: string])[]
}

const KUBERNETES = '1.36.3'
const ETCD = '3.6.8'
const HELM = '4.3.1'
const COREDNS = '1.15.0'
const [MAJOR, MINOR] = KUBERNETES.split('.')
const KUBE_COMMANDS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
  'kube-proxy',
] as const

export const PROGRAMS: readonly Program[] = [
  {
    name: 'kube',
    version: KUBERNETES,
    module: 'kube',
    package: '.',
    ldflags: `-s -w -X k8s.io/component-base/version.gitVersion=v${KUBERNETES} -X k8s.io/component-base/version.gitMajor=${MAJOR} -X k8s.io/component-base/version.gitMinor=${MINOR}`,
    calledAs: ['etcd', ...KUBE_COMMANDS],
    buildSeconds: 300,
    releases: (arch) => [
      ...KUBE_COMMANDS.map((name) => ({
        url: `https://dl.k8s.io/v${KUBERNETES}/bin/linux/${arch}/${name}`,
        checksumUrl: `https://dl.k8s.io/v${KUBERNETES}/bin/linux/${arch}/${name}.sha256`,
        commands: [[name, ''] as const],
      })),
      {
        url: `https://github.com/etcd-io/etcd/releases/download/v${ETCD}/etcd-v${ETCD}-linux-${arch}.tar.gz`,
        checksumUrl: `https://github.com/etcd-io/etcd/releases/download/v${ETCD}/SHA256SUMS`,
        commands: [['etcd', `etcd-v${ETCD}-linux-${arch}/etcd`]],
      },
    ],
  },
  {
    name: 'helm',
    version: HELM,
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    ldflags: `-s -w -X helm.sh/helm/v4/internal/version.version=v${HELM}`,
    calledAs: [],
    buildSeconds: 90,
    releases: (arch) => [
      {
        url: `https://get.helm.sh/helm-v${HELM}-linux-${arch}.tar.gz`,
        checksumUrl: `https://get.helm.sh/helm-v${HELM}-linux-${arch}.tar.gz.sha256sum`,
        commands: [['helm', `linux-${arch}/helm`]],
      },
    ],
  },
  {
    name: 'coredns',
    version: COREDNS,
    module: 'coredns',
    package: 'github.com/coredns/coredns',
    ldflags: '-s -w',
    calledAs: [],
    buildSeconds: 120,
    releases: (arch) => [
      {
        url: `https://github.com/coredns/coredns/releases/download/v${COREDNS}/coredns_${COREDNS}_linux_${arch}.tgz`,
        checksumUrl: `https://github.com/coredns/coredns/releases/download/v${COREDNS}/coredns_${COREDNS}_linux_${arch}.tgz.sha256`,
        commands: [['coredns', 'coredns']],
      },
    ],
  },
]

/** Go's and the releases' name of this machine's architecture. */
export function goArch(arch: string = process.arch): string {
  return arch === 'x64' ? 'amd64' : arch
}

/** Commands that a program gives. */
export function commandsOf(program: Program): readonly string[] {
  return program.calledAs.length > 0 ? program.calledAs : [program.name]
}

/** Key of a program in the cache: another version, other sources or flags give another. */
export function programKey(program: Program): string {
  const folder = moduleFolder(program)
  const sources = readdirSync(folder)
    .filter((file) => /\.(go|mod|sum)$/.test(file))
    .sort()
  return cacheKey(
    program.version,
    program.package,
    program.ldflags,
    goArch(),
    ...sources.flatMap((file) => [file, readFileSync(join(folder, file))]),
  )
}

/** The folder of a program's Go module. */
export function moduleFolder(program: Program): string {
  return join(import.meta.dirname, program.module)
}
