/** A node for the CNI plugin: namespaces of this process, a client beside it, and the runtime's part played by the test. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cniPlugin } from '#tools/cni-plugin.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'

export const NODE_IPV4 = '192.168.10.215'
export const NODE_IPV6 = 'fd00:10::215'
export const CLIENT = 'client'
export const PREFIXES = { ipv4: '10.244.1.0/24', ipv6: 'fd00:10:244:1::/64' } as const

export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION'

/** What the runtime hands to the plugin. Fields of the configuration that are undefined are left out. */
export interface CniCall {
  readonly verb: Verb
  /** Name of the pod, and of its network namespace. */
  readonly pod?: string
  readonly containerId?: string
  readonly netns?: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly plugin?: string
  readonly stdin?: string
  /** Kills it so long after its start. */
  readonly killAfterMs?: number
}

export interface CniResult {
  readonly cniVersion: string
  readonly interfaces?: readonly { readonly name: string; readonly mac: string; readonly sandbox?: string }[]
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[]
  readonly [key: string]: unknown
}

export interface CniOutcome {
  readonly code: number | string
  readonly stdout: string
  readonly durationMs: number
  /** Of what went well. */
  readonly result: CniResult
  /** Of what failed. */
  readonly error: { readonly code: number; readonly msg: string; readonly details: string }
}

export interface CniNode {
  readonly scratch: string
  readonly stateDir: string
  readonly plugin: string
  call(call: CniCall): Promise<CniOutcome>
  /** ADD that must go well; returns the pod's addresses without their lengths. */
  add(pod: string, config?: CniCall['config'], containerId?: string): Promise<readonly string[]>
  del(pod: string, config?: CniCall['config'], containerId?: string): Promise<void>
  newPod(...names: readonly string[]): void
  endPod(...names: readonly string[]): void
  /** Everything on the node that belongs to pods; empty when all is gone. */
  leftOvers(): readonly string[]
  readState(name: string): string
  clear(): void
}

/** Makes the node with its link to the LAN. To be called once in a process, before anything else. */
export async function createCniNode(): Promise<CniNode> {
  const plugin = await cniPlugin()
  const room = enterOwnNamespaces()
  const stateDir = join(room.scratch, 'cni')
  run('mount', '-t', 'tmpfs', 'blt', '/run') // names of network namespaces: ip-netns(8)
  mkdirSync('/run/netns')
  wireLan()
  const call = (each: CniCall): Promise<CniOutcome> => runPlugin(plugin, stateDir, each)
  return {
    scratch: room.scratch,
    stateDir,
    plugin,
    call,
    add: async (pod, config = {}, containerId = pod) => {
      const { result } = must(await call({ verb: 'ADD', pod, config, containerId }))
      return (result.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''))
    },
    del: async (pod, config = {}, containerId = pod) => {
      must(await call({ verb: 'DEL', pod, config, containerId }))
    },
    newPod: (...names) => {
      for (const name of names) run('ip', 'netns', 'add', name)
    },
    endPod: (...names) => {
      for (const name of names) run('ip', 'netns', 'delete', name)
    },
    leftOvers: () => leftOvers(stateDir),
    readState: (name) => readFileSync(join(stateDir, name), 'utf8'),
    clear: () => rmSync(stateDir, { recursive: true, force: true }),
  }
}

function wireLan(): void {
  run('ip', 'netns', 'add', CLIENT)
  run('ip', 'link', 'add', 'enp0s1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', CLIENT)
  run('ip', 'address', 'add', `${NODE_IPV4}/24`, 'dev', 'enp0s1')
  run('ip', 'address', 'add', `${NODE_IPV6}/64`, 'dev', 'enp0s1', 'nodad')
  run('ip', 'link', 'set', 'enp0s1', 'up')
  const client = (...args: readonly string[]): void => void run('ip', '-n', CLIENT, ...args)
  client('link', 'set', 'lo', 'up')
  client('link', 'set', 'eth0', 'up')
  client('address', 'add', '192.168.10.50/24', 'dev', 'eth0')
  client('address', 'add', 'fd00:10::50/64', 'dev', 'eth0', 'nodad')
  client('route', 'add', PREFIXES.ipv4, 'via', NODE_IPV4)
  client('route', 'add', PREFIXES.ipv6, 'via', NODE_IPV6)
  run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1') // as the agent does
}

/** The configuration as the agent writes it, with the changes; without what is undefined. */
function configText(stateDir: string, changes: CniCall['config']): string {
  return JSON.stringify({
    cniVersion: '1.1.0',
    name: 'balise',
    type: 'balise-cni',
    mode: 'full',
    podCidrs: [PREFIXES.ipv4, PREFIXES.ipv6],
    mtu: 1500,
    stateDir,
    capabilities: { portMappings: true },
    ...changes,
  })
}

async function runPlugin(plugin: string, stateDir: string, call: CniCall): Promise<CniOutcome> {
  const { verb, pod = 'none', containerId = pod, netns = `/run/netns/${pod}` } = call
  const startedMs = performance.now()
  const child = spawn(call.plugin ?? plugin, [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod}`,
      ...call.env,
    },
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece))
  child.stdin.on('error', () => {}) // of one that was killed before it had read
  child.stdin.end(call.stdin ?? configText(stateDir, call.config))
  const timer = call.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), call.killAfterMs)
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'none'))
  })
  clearTimeout(timer)
  const parsed = (stdout.trim() === '' || typeof code === 'string' ? {} : JSON.parse(stdout)) as CniResult &
    CniOutcome['error']
  return { code, stdout, durationMs: performance.now() - startedMs, result: parsed, error: parsed }
}

export function must(outcome: CniOutcome): CniOutcome {
  if (outcome.code !== 0) throw new Error(`The plugin ended with ${outcome.code}: ${outcome.stdout}`)
  return outcome
}

function leftOvers(stateDir: string): readonly string[] {
  const folder = join(stateDir, 'addresses')
  const left = (existsSync(folder) ? readdirSync(folder) : []).map((file) => `address ${file}`)
  const partial = (existsSync(stateDir) ? readdirSync(stateDir) : []).filter((file) => file.startsWith('.'))
  const links = JSON.parse(run('ip', '-json', 'link')) as readonly { readonly ifname: string }[]
  const pods = /^(10\.244\.1\.|fd00:10:244:1:)/
  const routes = ['-4', '-6'].flatMap(
    (family) =>
      JSON.parse(run('ip', '-json', family, 'route', 'show', 'table', 'all')) as readonly { readonly dst: string }[],
  )
  return [
    ...left,
    ...partial.map((file) => `file ${file}`),
    ...links.filter(({ ifname }) => ifname.startsWith('blc')).map(({ ifname }) => `device ${ifname}`),
    ...routes.filter(({ dst }) => pods.test(dst)).map(({ dst }) => `route ${dst}`),
    ...run('nft', 'list', 'tables')
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  ]
}
