/**
 * A LAN with an API server, nodes with agents, pods and a client, in namespaces of this process alone: the kernel clears everything away
 * when the process ends, however it does. Agents are processes of this checkout; pods are plain namespaces; no kubelet runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKubeApi } from '#io/kube/kube-client.ts'
import { loadKubeEndpoint } from '#io/kube/kube-endpoint.ts'
import type { KubeApi, KubeObject, KubeResource } from '#ports/kube-api.ts'
import { cachePath } from '#tools/cache.ts'
import { enterOwnNamespaces, type Room, run } from './own-namespaces.ts'

const TOP = join(import.meta.dirname, '../..')
const API = '192.168.10.2'
const PORT = 6443

export interface LabNode {
  readonly name: string
  readonly address: string
  readonly mac: string
  readonly podAddress: string
  /** cgroup2 folder of its pods and host processes. */
  readonly cgroup: string
  readonly socket: string
  readonly logFile: string
  agent: ChildProcess | undefined
}

export interface AgentLab {
  readonly api: KubeApi
  readonly nodes: readonly LabNode[]
  readonly room: Room
  startAgent(node: LabNode, environment?: Readonly<Record<string, string>>): void
  /** Ends the agent by the signal and waits for its end. */
  stopAgent(node: LabNode, signal?: NodeJS.Signals): Promise<void>
  /** Runs a program in a host's network namespace: a node's name, `pod-<node>` or `client`. Throws when it fails. */
  exec(host: string, ...argv: readonly string[]): string
  spawn(host: string, argv: readonly string[]): ChildProcess
  setLink(node: LabNode, state: 'up' | 'down'): void
  apply(resource: KubeResource, object: KubeObject): Promise<void>
  close(): Promise<void>
}

/** Three nodes at most. */
export async function createAgentLab(names: readonly string[]): Promise<AgentLab> {
  const room = enterOwnNamespaces()
  removeOldCgroups(room)
  const children: ChildProcess[] = []
  mkdirSync('/run/netns', { recursive: true })
  run('mount', '-t', 'tmpfs', 'blt', '/run/netns')
  wireLan()
  const nodes = names.map((name, index) => wireNode(room, name, index, names.length))
  wireClient()
  const kubeconfig = await startApiServer(room, children)
  const api = createKubeApi(loadKubeEndpoint({ kind: 'kubeconfig', paths: [kubeconfig], context: undefined }), {
    userAgent: 'blt/1',
  })
  await installCrds(kubeconfig)
  const inHost = (host: string, argv: readonly string[]): readonly string[] => [
    'nsenter',
    `--net=/run/netns/${host}`,
    '--',
    ...argv,
  ]
  const start = (
    argv: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly logFile?: string },
  ): ChildProcess => {
    const log = options.logFile === undefined ? 'ignore' : openSync(options.logFile, 'a')
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
      stdio: ['ignore', log, log],
      env: options.env ?? process.env,
    })
    children.push(child)
    return child
  }
  for (const node of nodes) {
    start(inHost(`pod-${node.name}`, [process.execPath, join(import.meta.dirname, 'agent-lab-server.ts'), node.name]), {
      logFile: join(room.scratch, `pod-${node.name}.log`),
    })
  }
  return {
    api,
    nodes,
    room,
    startAgent(node, environment = {}) {
      const env = {
        ...process.env,
        KUBECONFIG: kubeconfig,
        BALISE_NODE_NAME: node.name,
        BALISE_BPF_FS: join(room.bpffs, '..', `bpf-${node.name}`),
        BALISE_CGROUP_ROOT: node.cgroup,
        BALISE_SOCKET: node.socket,
        BALISE_LOG_LEVEL: 'debug',
        ...environment,
      }
      node.agent = start(inHost(node.name, [process.execPath, join(TOP, 'src/agents/agent/main.ts')]), {
        env,
        logFile: node.logFile,
      })
    },
    async stopAgent(node, signal = 'SIGTERM') {
      const agent = node.agent
      if (agent === undefined) return
      const ended = new Promise((resolve) => agent.once('exit', resolve))
      agent.kill(signal)
      await ended
      node.agent = undefined
    },
    exec: (host, ...argv) => execIn(inHost(host, argv)),
    spawn: (host, argv) => {
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inHost(host, argv)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.push(child)
      return child
    },
    setLink(node, state) {
      run('ip', '-n', node.name, 'link', 'set', 'eth0', state)
      if (state === 'up') addRoutes(node.name, names.indexOf(node.name), names.length)
    },
    apply: (resource, object) => apply(api, resource, object),
    async close() {
      api.close()
      await Promise.all(children.map(end))
      for (const { cgroup } of nodes) rmdirSync(cgroup)
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** cgroups are the machine's own: those of a test that was killed are still there. */
function removeOldCgroups({ cgroup2 }: Room): void {
  for (const name of readdirSync(cgroup2)) {
    const pid = /^blt-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmdirSync(join(cgroup2, name))
  }
}

function execIn(argv: readonly string[]): string {
  const [program = '', ...args] = argv
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 })
}

/** The switch is a bridge of this namespace, which is also the control plane's host. */
function wireLan(): void {
  run('ip', 'link', 'add', 'br0', 'type', 'bridge')
  run('ip', 'address', 'add', `${API}/24`, 'dev', 'br0')
  run('ip', 'link', 'set', 'br0', 'up')
}

function plug(host: string, address: string, mac: string): void {
  run('ip', 'netns', 'add', host)
  run(
    'ip',
    'link',
    'add',
    `v-${host}`.slice(0, 15),
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'address',
    mac,
    'netns',
    host,
  )
  run('ip', 'link', 'set', `v-${host}`.slice(0, 15), 'master', 'br0', 'up')
  const inHost = (...args: readonly string[]): void => void run('ip', '-n', host, ...args)
  inHost('link', 'set', 'lo', 'up')
  inHost('link', 'set', 'eth0', 'up')
  inHost('address', 'add', `${address}/24`, 'dev', 'eth0')
}

function wireClient(): void {
  plug('client', '192.168.10.50', '02:00:00:00:00:50')
}

function wireNode(room: Room, name: string, index: number, count: number): LabNode {
  const address = `192.168.10.${215 + index}`
  const mac = `02:00:00:00:01:0${index}`
  const podAddress = `10.244.${index}.2`
  plug(name, address, mac)
  run('ip', 'netns', 'add', `pod-${name}`)
  run('ip', '-n', name, 'link', 'add', 'veth1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `pod-${name}`)
  run('ip', '-n', name, 'address', 'add', `10.244.${index}.1/24`, 'dev', 'veth1')
  run('ip', '-n', name, 'link', 'set', 'veth1', 'up')
  for (const args of [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${podAddress}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'add', 'default', 'via', `10.244.${index}.1`],
  ]) {
    run('ip', '-n', `pod-${name}`, ...args)
  }
  addRoutes(name, index, count)
  run('nsenter', `--net=/run/netns/${name}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
  const bpffs = join(room.bpffs, '..', `bpf-${name}`)
  mkdirSync(bpffs)
  run('mount', '-t', 'bpf', 'blt', bpffs)
  const cgroup = join(room.cgroup2, `blt-${process.pid}-${name}`)
  mkdirSync(cgroup)
  const scratch = (file: string): string => join(room.scratch, file)
  return {
    name,
    address,
    mac,
    podAddress,
    cgroup,
    socket: scratch(`${name}.sock`),
    logFile: scratch(`${name}.log`),
    agent: undefined,
  }
}

/** The ways to the pods of the other nodes. The kernel forgets them when the device goes down. */
function addRoutes(name: string, index: number, count: number): void {
  for (let other = 0; other < count; other += 1) {
    if (other !== index)
      run('ip', '-n', name, 'route', 'add', `10.244.${other}.0/24`, 'via', `192.168.10.${215 + other}`)
  }
}

async function startApiServer(room: Room, children: ChildProcess[]): Promise<string> {
  const file = (name: string): string => join(room.scratch, name)
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(file('sa.key'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(file('sa.pub'), keys.publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(file('tokens.csv'), 'admin-token,admin,1,system:masters\nnobody-token,nobody,2\n')
  const etcd = [
    'etcd',
    `--data-dir=${file('etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=error',
    '--listen-peer-urls=http://127.0.0.1:2380',
  ]
  const apiserver = [
    'kube-apiserver',
    '--etcd-servers=http://127.0.0.1:2379',
    `--secure-port=${PORT}`,
    `--advertise-address=${API}`,
    `--cert-dir=${file('certs')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.43.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--disable-admission-plugins=ServiceAccount',
  ]
  for (const [program = '', ...args] of [etcd, apiserver]) {
    const log = openSync(file(`${program}.log`), 'a')
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', join(cachePath('bin'), program), ...args], {
      stdio: ['ignore', log, log],
    })
    children.push(child)
  }
  const kubeconfig = file('kubeconfig')
  writeFileSync(kubeconfig, kubeconfigText('admin-token'))
  writeFileSync(file('kubeconfig-nobody'), kubeconfigText('nobody-token'))
  await until('the API server is ready', () => kubectl(kubeconfig, 'get', '--raw', '/readyz') === 'ok', 60_000)
  return kubeconfig
}

function kubeconfigText(token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'blt', cluster: { server: `https://${API}:${PORT}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'blt', user: { token } }],
    contexts: [{ name: 'blt', context: { cluster: 'blt', user: 'blt' } }],
    'current-context': 'blt',
  })
}

export function kubectl(kubeconfig: string, ...args: readonly string[]): string {
  return execIn([join(cachePath('bin'), 'kubectl'), `--kubeconfig=${kubeconfig}`, ...args])
}

async function installCrds(kubeconfig: string): Promise<void> {
  kubectl(kubeconfig, 'apply', '--server-side', '-f', join(TOP, 'chart/balise/crds'))
  kubectl(kubeconfig, 'wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
}

/** Creates an object, or replaces it with its status. */
async function apply(api: KubeApi, resource: KubeResource, object: KubeObject): Promise<void> {
  const { name, namespace } = object.metadata
  const ref = namespace === undefined ? { name } : { name, namespace }
  const { status, ...rest } = object
  const patch = { kind: 'apply', body: rest, fieldManager: 'blt', force: true } as const
  await api.patch(resource, ref, patch)
  if (status !== undefined)
    await api.patch(resource, ref, { kind: 'merge', body: { status } }, { subresource: 'status' })
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
