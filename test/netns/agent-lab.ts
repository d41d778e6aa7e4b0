/**
 * A LAN with a real API server, nodes with agents, pods and a client, in namespaces of this process alone: the kernel clears everything away
 * when the process ends, however it does. Agents are processes of this checkout; pods are plain namespaces; no kubelet runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectKubeApi } from '#io/kube/connect.ts'
import type { KubeApi, KubeObject, KubeResource } from '#ports/kube-api.ts'
import { binDir } from '#tools/cache.ts'
import { addRoutes, API_ADDRESS, type NodePlace, wireClient, wireLan, wireNode } from './agent-lan.ts'
import { type RealApiServer, startApiServer } from './api-server.ts'
import { enterOwnNamespaces, type Room, run } from './own-namespaces.ts'

const TOP = join(import.meta.dirname, '../..')
const AGENT = join(TOP, 'src/agents/agent/main.ts')
const POD = fileURLToPath(import.meta.resolve('./agent-lab-server.ts'))

export interface LabNode extends NodePlace {
  readonly socket: string
  readonly logFile: string
  readonly stateDir: string
}

export class AgentLab {
  readonly nodes: readonly LabNode[]
  readonly server: RealApiServer
  readonly api: KubeApi
  readonly #children = new Set<ChildProcess>()
  readonly #agents = new Map<LabNode, ChildProcess>()

  private constructor(nodes: readonly LabNode[], server: RealApiServer) {
    this.nodes = nodes
    this.server = server
    this.api = connectKubeApi({ kubeconfig: server.kubeconfig(), environment: {} }, { userAgent: 'balise-test/0' }).api
  }

  /** Up to ten nodes, each with a pod that answers HTTP, and the custom resources; no agent yet. */
  static async open(names: readonly string[]): Promise<AgentLab> {
    const room = enterOwnNamespaces()
    removeOldCgroups(room)
    mkdirSync('/run/netns', { recursive: true })
    run('mount', '-t', 'tmpfs', 'blt', '/run/netns')
    wireLan()
    const nodes = names.map((name, index) => {
      const scratch = (file: string): string => join(room.scratch, file)
      return {
        ...wireNode(room, name, index, names.length),
        socket: scratch(`${name}.sock`),
        logFile: scratch(`${name}.log`),
        stateDir: scratch(`${name}.state`),
      }
    })
    wireClient()
    const lab = new AgentLab(nodes, await startApiServer(API_ADDRESS))
    lab.#kubectl('apply', '--server-side', '-f', join(TOP, 'chart/balise/crds'))
    lab.#kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
    for (const { name } of nodes) lab.#start(inHost(`pod-${name}`, [process.execPath, POD, name]), 'ignore')
    return lab
  }

  startAgent(node: LabNode, environment: Readonly<Record<string, string>> = {}): void {
    const log = openSync(node.logFile, 'a')
    const agent = this.#start(inHost(node.name, [process.execPath, AGENT]), log, {
      ...process.env,
      KUBECONFIG: this.server.kubeconfig(),
      BALISE_NODE_NAME: node.name,
      BALISE_BPF_FS: node.bpffs,
      BALISE_CGROUP_ROOT: node.cgroup,
      BALISE_SOCKET: node.socket,
      BALISE_LOG_LEVEL: 'debug',
      BALISE_STATE_DIR: node.stateDir,
      BALISE_KUBE_PROXY_REPLACEMENT: 'true',
      ...environment,
    })
    this.#agents.set(node, agent)
  }

  /** Ends the agent by the signal and waits for its end. Nothing when none runs. */
  async stopAgent(node: LabNode, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const agent = this.#agents.get(node)
    this.#agents.delete(node)
    if (agent !== undefined) await end(agent, signal)
  }

  signalAgent(node: LabNode, signal: NodeJS.Signals): void {
    this.#agents.get(node)?.kill(signal)
  }

  /** Runs a program in a host's network namespace: a node's name, `pod-<node>` or `client`. Throws when it fails. */
  exec(host: string, ...argv: readonly string[]): string {
    return execute(inHost(host, argv))
  }

  /** Starts a program there, with pipes for what it writes. */
  spawn(host: string, argv: readonly string[]): ChildProcess {
    return this.#start(inHost(host, argv), 'pipe')
  }

  setLink({ name }: LabNode, state: 'up' | 'down'): void {
    run('ip', '-n', name, 'link', 'set', 'eth0', state)
    const names = this.nodes.map((node) => node.name)
    if (state === 'up') addRoutes(name, names.indexOf(name), names.length)
  }

  /** Packets of a node to the API server vanish, as by a firewall: nobody is told. */
  cutApi({ name }: LabNode): void {
    const chain = 'add table ip cut; add chain ip cut out { type filter hook output priority 0; }'
    this.exec(name, 'nft', `${chain}; add rule ip cut out tcp dport ${this.server.port} drop`)
  }

  /** Also where it was not cut. */
  restoreApi({ name }: LabNode): void {
    this.exec(name, 'nft', 'add table ip cut; delete table ip cut')
  }

  /** Creates an object, or replaces it with its status. */
  async apply(resource: KubeResource, object: KubeObject): Promise<void> {
    const { name, namespace } = object.metadata
    const ref = namespace === undefined ? { name } : { name, namespace }
    const { status, ...body } = object
    await this.api.patch(resource, ref, { kind: 'apply', body, fieldManager: 'blt', force: true })
    if (status === undefined) return
    await this.api.patch(resource, ref, { kind: 'merge', body: { status } }, { subresource: 'status' })
  }

  async close(): Promise<void> {
    this.api.close()
    for (const child of this.#children) await end(child, 'SIGKILL')
    await this.server.close()
    for (const { cgroup } of this.nodes) rmdirSync(cgroup)
  }

  /** The kernel ends the program when this process is gone. */
  #start(argv: readonly string[], output: 'ignore' | 'pipe' | number, env = process.env): ChildProcess {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], { stdio: ['ignore', output, output], env })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  #kubectl(...args: readonly string[]): void {
    execute([join(binDir(), 'kubectl'), `--kubeconfig=${this.server.kubeconfig()}`, ...args])
  }
}

function inHost(host: string, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${host}`, '--', ...argv]
}

function execute([program = '', ...args]: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 40_000 })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** cgroups are the machine's own: those of a test that was killed are still there. */
function removeOldCgroups({ cgroup2 }: Room): void {
  for (const name of readdirSync(cgroup2)) {
    const pid = /^blt-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmdirSync(join(cgroup2, name))
  }
}

/** Waits until the answer is true. Throws with the last reason after `limitMs`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 40_000): Promise<void> {
  const endMs = performance.now() + limitMs
  let reason: unknown = 'not so'
  while (performance.now() < endMs) {
    try {
      if (await holds()) return
    } catch (error) {
      reason = error
    }
    await sleep(50)
  }
  throw new Error(`Not within ${limitMs} ms: ${what}`, { cause: reason })
}

export function tail(node: LabNode): string {
  return readFileSync(node.logFile, 'utf8').split('\n').slice(-40).join('\n')
}
