/** Two nodes whose pods' network is made by their agents: the lab of the agents, without its own routes, and with IPv6 beside IPv4. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { get } from 'node:http'
import type { StatusAnswer } from '#api/agent.ts'
import { NODES } from '#ports/kube-resources.ts'
import { AgentLab, type LabNode } from './agent-lab.ts'

const CLI = join(import.meta.dirname, '../../src/cli/main.ts')

export interface PodNode extends LabNode {
  readonly address6: string
  readonly podCidrs: readonly string[]
  readonly podAddress6: string
  /** Of the node, as its container runtime would read it. */
  readonly confDir: string
  readonly binDir: string
  readonly stateDir: string
  /** What is installed as the plugin. */
  readonly plugin: string
  /** Of the agent's socket. */
  readonly runDir: string
}

export class PodNetworkLab {
  readonly lab: AgentLab
  readonly nodes: readonly PodNode[]

  private constructor(lab: AgentLab, nodes: readonly PodNode[]) {
    this.lab = lab
    this.nodes = nodes
  }

  static async open(names: readonly string[]): Promise<PodNetworkLab> {
    const lab = await AgentLab.open(names)
    const nodes = lab.nodes.map(describe)
    for (const node of nodes) prepare(lab, node, nodes)
    const opened = new PodNetworkLab(lab, nodes)
    for (const node of nodes) await opened.putNode(node)
    return opened
  }

  /** Creates the Node, or replaces it. */
  async putNode(node: PodNode, podCidrs: readonly string[] = node.podCidrs, ready = false): Promise<void> {
    await this.lab.apply(NODES, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name } },
      spec: podCidrs.length === 0 ? {} : { podCIDR: podCidrs[0], podCIDRs: podCidrs },
      status: {
        addresses: [node.address, node.address6].map((address) => ({ type: 'InternalIP', address })),
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      },
    })
  }

  environment(node: PodNode, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return {
      BALISE_CNI_MODE: 'auto',
      BALISE_CNI_CONF_DIR: node.confDir,
      BALISE_CNI_BIN_DIR: node.binDir,
      BALISE_CNI_PLUGIN: node.plugin,
      BALISE_STATE_DIR: node.stateDir,
      BALISE_SOCKET: node.socket,
      BALISE_HEALTH_PORT: '0',
      BALISE_LEASE_DURATION_SECONDS: '6',
      ...more,
    }
  }

  start(node: PodNode, more: Readonly<Record<string, string>> = {}): void {
    this.lab.startAgent(node, this.environment(node, more))
  }

  exec(host: string, ...argv: readonly string[]): string {
    return this.lab.exec(host, ...argv)
  }

  /** Whether a packet of that size finds its way there and back. */
  pings(host: string, address: string, octets = 56): boolean {
    try {
      this.lab.exec(host, 'ping', '-c', '1', '-W', '1', '-s', String(octets), address)
      return true
    } catch {
      return false
    }
  }

  async status(node: PodNode): Promise<StatusAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<StatusAnswer>()
    get({ socketPath: node.socket, path: '/v1/status' }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve(JSON.parse(text) as StatusAnswer))
    }).on('error', reject)
    return await promise
  }

  /** Runs `balise cleanup` on a node; throws with what it says on stderr when it fails. */
  cleanup(node: PodNode, ...flags: readonly string[]): string {
    const { stateDir, confDir, binDir, socket, bpffs } = node
    const variables = { BALISE_STATE_DIR: stateDir, BALISE_CNI_CONF_DIR: confDir, BALISE_CNI_BIN_DIR: binDir }
    const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const own = ['--socket', socket, '--bpf-fs', bpffs]
    return this.lab.exec(node.name, 'env', ...env, process.execPath, CLI, 'cleanup', ...own, ...flags)
  }

  /** What somebody can see of a node's network and files, without what changes by itself. */
  snapshot(node: PodNode): Readonly<Record<string, string>> {
    const see = (script: string): string => this.lab.exec(node.name, 'sh', '-c', script)
    return {
      links: see('ip -br link | sort'),
      addresses: see('ip -br address | sort'),
      routes: see('(ip -4 route; ip -6 route) | sort'),
      rules: see('ip -4 rule; ip -6 rule'),
      nft: see('nft list ruleset'),
      tc: see(
        'tc qdisc show; tc filter show dev eth0 ingress; tc filter show dev eth0 egress; bpftool net show dev eth0 2>/dev/null || true',
      ),
      sysctls: see('sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.eth0.accept_ra'),
      files: see(
        `find ${node.confDir} ${node.binDir} ${node.stateDir} ${node.bpffs} ${node.runDir} 2>/dev/null | sort`,
      ),
    }
  }

  close(): Promise<void> {
    return this.lab.close()
  }
}

function describe(node: LabNode, index: number): PodNode {
  const folder = (name: string): string => join(dirname(node.socket), `${node.name}-${name}`)
  return {
    ...node,
    address6: `fd00:192::${215 + index}`,
    podCidrs: [`10.244.${index}.0/24`, `fd00:244:${index + 1}::/64`],
    podAddress6: `fd00:244:${index + 1}::2`,
    confDir: folder('net.d'),
    binDir: folder('bin'),
    stateDir: folder('state'),
    plugin: folder('plugin'),
    runDir: folder('run'),
    socket: join(folder('run'), 'agent.sock'),
  }
}

/** What a CNI plugin would have done for the pod stands already, but for IPv6; the lab's routes between nodes go. */
function prepare(lab: AgentLab, node: PodNode, nodes: readonly PodNode[]): void {
  for (const folder of [node.confDir, node.binDir]) mkdirSync(folder, { recursive: true })
  writeFileSync(node.plugin, `plugin of ${node.name}`)
  lab.exec(node.name, 'sysctl', '-qw', 'net.ipv4.ip_forward=0')
  const ip = (host: string, ...args: readonly string[]): void => void lab.exec(host, 'ip', ...args)
  for (const other of nodes) if (other !== node) ip(node.name, 'route', 'delete', other.podCidrs[0] ?? '')
  ip(node.name, 'address', 'add', `${node.address6}/64`, 'dev', 'eth0', 'nodad')
  const gateway = node.podAddress6.replace(/2$/, '1')
  const pod = `pod-${node.name}`
  ip(node.name, 'address', 'add', `${gateway}/64`, 'dev', 'veth1', 'nodad')
  ip(pod, 'address', 'add', `${node.podAddress6}/64`, 'dev', 'eth0', 'nodad')
  ip(pod, '-6', 'route', 'add', 'default', 'via', gateway)
}
