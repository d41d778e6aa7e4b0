import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { BuiltImage } from '#tools/image.ts'
import type { AgentLab, LabNode } from './agent-lab.ts'
import { run } from './own-namespaces.ts'

/** Where a container of the image can write, beside `/proc` and `/sys`: the folders that the chart mounts. */
const WRITABLE = ['run/balise', 'var/lib/balise', 'host/cni'] as const
/** The kubeconfig with the certificates beside it, where a container has its service account. */
const KUBE = 'run/balise/kube'

/** Unpacks the layers of an image into a folder of its own; the caller removes it. */
export function unpackImage({ ociPath, tag }: BuiltImage): string {
  const root = join(mkdtempSync(join(tmpdir(), 'blt-image-')), 'root')
  execFileSync('umoci', ['raw', 'unpack', '--image', `${ociPath}:${tag}`, root], { stdio: 'ignore' })
  return root
}

/** An image's file system as a container on a node of the lab has it: read-only but for the folders that the chart mounts. */
export class ReadOnlyRoot {
  readonly #lab: AgentLab
  readonly #node: LabNode
  readonly #root: string
  /** That of the image's configuration. */
  readonly #environment: Readonly<Record<string, string>>

  /** Mounts in the namespaces that the lab has opened: they go with the process. */
  constructor(lab: AgentLab, node: LabNode, root: string, environment: Readonly<Record<string, string>>) {
    this.#lab = lab
    this.#node = node
    this.#root = root
    this.#environment = environment
    run('mount', '--bind', root, root)
    for (const folder of [...WRITABLE, 'host/cgroup']) mkdirSync(join(root, folder), { recursive: true })
    for (const folder of WRITABLE) run('mount', '-t', 'tmpfs', 'blt', join(root, folder))
    for (const folder of ['proc', 'sys', 'dev']) run('mount', '--rbind', `/${folder}`, join(root, folder))
    run('mount', '--bind', node.bpffs, join(root, 'sys/fs/bpf'))
    run('mount', '--bind', node.cgroup, join(root, 'host/cgroup'))
    run('mount', '-o', 'remount,ro,bind', root)
    mkdirSync(join(root, KUBE))
    run('mount', '--bind', dirname(lab.server.kubeconfig()), join(root, KUBE))
  }

  /** Runs a program of the image to its end; what it wrote to stdout. Throws when it fails. */
  exec(...argv: readonly string[]): string {
    return this.#lab.exec(this.#node.name, ...this.#inRoot(argv, {}))
  }

  start(argv: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
    const kubeconfig = `/${KUBE}/${basename(this.#lab.server.kubeconfig())}`
    return this.#lab.spawn(this.#node.name, this.#inRoot(argv, { KUBECONFIG: kubeconfig, ...environment }))
  }

  #inRoot(argv: readonly string[], environment: Readonly<Record<string, string>>): readonly string[] {
    const pairs = Object.entries({ ...this.#environment, ...environment }).map(([name, value]) => `${name}=${value}`)
    return ['env', '-i', ...pairs, 'chroot', this.#root, ...argv]
  }
}

/** Removes what `unpackImage` made. */
export function removeUnpacked(root: string): void {
  rmSync(join(root, '..'), { recursive: true })
}
