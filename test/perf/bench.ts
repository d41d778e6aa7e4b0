import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ApiClient } from '#lab/cluster/api-client.ts'
import { bringUp } from '#lab/cluster/bring-up.ts'
import { startKubeProxy } from '#lab/cluster/kube-proxy.ts'
import { writeKubeconfig } from '#lab/cluster/kubeconfig.ts'
import { type Hierarchy, readHierarchies } from '#lab/machine/hierarchies.ts'
import { netnsName, SWITCH } from '#lab/machine/names.ts'
import { onHost } from '#lab/machine/machine.ts'
import { launch } from '#lab/process/launch.ts'
import { run } from '#lab/process/run.ts'
import { waitFor } from '#lab/process/wait.ts'
import { Progress } from '#lab/progress.ts'
import { NODE_API } from '#lab/proxy/start.ts'
import { claimLab } from '#lab/state/lab-state.ts'
import { hostPath, labPath } from '#lab/state/paths.ts'
import { takeDown } from '#lab/take-down.ts'
import { loadTopology } from '#lab/topology/load.ts'
import { DEFAULT_DEVICE, type Topology, type TopologyHost } from '#lab/topology/topology.ts'
import { formatIp } from '#model/ip.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { findClang } from '#tools/setup-clang.ts'
import {
  BACKEND_ADDRESS,
  BACKEND_LATENCY_PORT,
  BACKEND_RATE_PORT,
  BACKEND_ROUTE,
  LATENCY_PORT,
  VIP_ROUTE,
  vipOf,
} from './addresses.ts'
import { type Contender, isTranslated } from './contenders.ts'
import type { CountOrder, GenerateOrder } from './traffic.ts'

const HERE = import.meta.dirname
const TRAFFIC = join(HERE, 'traffic.ts')

/** The bench: a client, a backend, and a node for each contender, on one LAN. */
export class Bench {
  readonly api: ApiClient
  readonly #lab: string
  readonly #topology: Topology
  readonly #hierarchies: readonly Hierarchy[]
  readonly #object: string
  readonly #probe: string
  #counter: { ask(): Promise<number>; close(): void } | undefined

  private constructor(lab: string, topology: Topology, hierarchies: readonly Hierarchy[], port: number) {
    this.#lab = lab
    this.#topology = topology
    this.#hierarchies = hierarchies
    this.api = new ApiClient(lab, port)
    this.#object = labPath(lab, 'traffic.bpf.o')
    this.#probe = labPath(lab, 'first-packet')
  }

  static async open(contenders: readonly Contender[], write: (line: string) => void): Promise<Bench> {
    const topology = loadTopology(join(HERE, 'topology.yaml'))
    const hierarchies = readHierarchies()
    const claimed = claimLab(`perf-${process.pid}`, topology)
    try {
      const progress = new Progress(write)
      const state = await bringUp({ state: claimed, hierarchies, progress, signal: undefined })
      const bench = new Bench(claimed.name, topology, hierarchies, state.apiPort ?? 0)
      bench.#compile()
      await progress.step(`contenders: ${contenders.map(({ name }) => name).join(', ')}`, () =>
        bench.#start(contenders),
      )
      return bench
    } catch (error) {
      await takeDown(claimed.name, hierarchies)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#counter?.close()
    this.api.close()
    await takeDown(this.#lab, this.#hierarchies)
  }

  #compile(): void {
    const clang = findClang()
    if (clang === undefined) throw new Error('No clang in PATH')
    const include = `/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`
    mkdirSync(labPath(this.#lab), { recursive: true })
    execFileSync(clang, [
      ...['-target', 'bpf', '-g', '-O2', '-I', include, '-c', join(HERE, 'traffic.bpf.c'), '-o', this.#object],
    ])
    execFileSync(clang, ['-O2', '-o', this.#probe, join(HERE, 'first-packet.c')])
  }

  async #start(contenders: readonly Contender[]): Promise<void> {
    const backend = this.#host('backend')
    await this.#on('backend', ['ip', 'addr', 'add', `${BACKEND_ADDRESS}/32`, 'dev', 'lo'])
    // a redirected frame reaches a veth only where the other end polls, which it does with GRO on
    await run(['nsenter', `--net=/run/netns/${netnsName(this.#lab, SWITCH)}`, 'ethtool', '-K', 'client', 'gro', 'on'])
    launch(
      {
        lab: this.#lab,
        host: 'backend',
        name: 'first-packet',
        argv: [this.#probe, 'serve', BACKEND_ADDRESS, String(BACKEND_LATENCY_PORT)],
      },
      this.#hierarchies,
    )
    for (const { name, program } of contenders) {
      if (program === 'none') continue
      await this.#on(name, ['ip', 'route', 'add', BACKEND_ROUTE, 'via', formatIp(backend.address)])
      // in and out are one LAN: an ICMP redirect for every flow would be measured with it
      const redirects = ['all', DEFAULT_DEVICE].map(
        (device) => `echo 0 >/proc/sys/net/ipv4/conf/${device}/send_redirects`,
      )
      // no CNI is there that would let the node pass packets on
      await this.#on(name, ['sh', '-c', ['echo 1 >/proc/sys/net/ipv4/ip_forward', ...redirects].join('; ')])
      if (program === 'kube-proxy') this.#startKubeProxy(name)
      if (program === 'balise') this.#startBalise(name)
    }
    // answers to what was only routed go back through the node as well, as answers to what was translated do
    const client = formatIp(this.#host('client').address)
    const router = formatIp(this.#host('routing').address)
    await this.#on('backend', ['ip', 'route', 'add', `${client}/32`, 'via', router])
    this.#counter = await this.#startCounter()
  }

  #startKubeProxy(name: string): void {
    const mode = name === 'nftables' ? 'nftables' : 'iptables'
    startKubeProxy(this.#lab, { ...this.#topology, kubeProxy: mode }, this.#host(name), this.#hierarchies)
  }

  #startBalise(name: string): void {
    const kubeconfig = hostPath(this.#lab, name, 'balise.kubeconfig')
    writeKubeconfig({ lab: this.#lab, server: `https://${NODE_API}`, certificate: 'admin', file: kubeconfig })
    const env = {
      KUBECONFIG: kubeconfig,
      BALISE_NODE_NAME: name,
      BALISE_BPF_OBJECTS: buildBpf(),
      BALISE_LOG_LEVEL: 'info',
    }
    const argv = [process.execPath, join(HERE, '..', '..', 'src', 'agents', 'agent', 'main.ts')]
    launch({ lab: this.#lab, host: name, name: 'balise', argv, env }, this.#hierarchies)
  }

  async #startCounter(): Promise<{ ask(): Promise<number>; close(): void }> {
    const order: CountOrder = { object: this.#object, ifindex: await this.#ifindex('backend'), port: BACKEND_RATE_PORT }
    const [file = '', ...args] = this.#command('backend', [process.execPath, TRAFFIC, 'count', JSON.stringify(order)])
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    if ((await lines.next()).done === true) throw new Error('The counter at the backend did not start')
    return {
      ask: async () => {
        child.stdin.write('\n')
        return Number((await lines.next()).value)
      },
      close: () => child.stdin.end(),
    }
  }

  /** The way of the client's packets to the measured address from now on. */
  async chooseWay({ name, program }: Contender): Promise<void> {
    const via = formatIp(this.#host(name).address)
    const to = isTranslated(program) ? VIP_ROUTE : BACKEND_ROUTE
    await this.#on('client', ['ip', 'route', 'replace', to, 'via', via])
  }

  /** Waits until the n-th Service answers through a contender. */
  async converge(contender: Contender, index: number): Promise<void> {
    await this.chooseWay(contender)
    const answers = async (): Promise<boolean> =>
      (await this.#ping(vipOf(index), LATENCY_PORT, 1)).every(({ firstNs }) => firstNs >= 0)
    await waitFor(answers, { what: `${contender.name} to serve Service ${index}`, boundMs: 120_000, everyMs: 200 })
  }

  /** Round-trip times of the first and the second datagram of `count` flows; those without an answer are left out. */
  async latency(
    { program }: Contender,
    count: number,
  ): Promise<{ firstNs: number[]; secondNs: number[]; lost: number }> {
    const rows =
      program === undefined
        ? await this.#ping(BACKEND_ADDRESS, BACKEND_LATENCY_PORT, count)
        : await this.#ping(vipOf(0), LATENCY_PORT, count)
    const answered = rows.filter(({ firstNs, secondNs }) => firstNs >= 0 && secondNs >= 0)
    return {
      firstNs: answered.map(({ firstNs }) => firstNs),
      secondNs: answered.map(({ secondNs }) => secondNs),
      lost: rows.length - answered.length,
    }
  }

  async #ping(address: string, port: number, count: number): Promise<readonly { firstNs: number; secondNs: number }[]> {
    const text = await this.#on('client', [this.#probe, 'ping', address, String(port), String(count)])
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').map(Number))
      .map(([firstNs = -1, secondNs = -1]) => ({ firstNs, secondNs }))
  }

  /** Packets a second that reach the backend while the generator sends as fast as one core lets it. */
  async rate(
    { name, program }: Contender,
    { targetPort, durationMs, flows }: { targetPort: number; durationMs: number; flows: number },
  ): Promise<{ received: number; sent: number; perSecond: number }> {
    const order: GenerateOrder = {
      object: this.#object,
      ifindex: await this.#ifindex('client'),
      flows,
      sourceAddress: formatIp(this.#host('client').address),
      sourceMac: await this.#mac('client'),
      targetAddress: isTranslated(program) ? vipOf(0) : BACKEND_ADDRESS,
      targetMac: await this.#mac(name),
      targetPort,
      frameOctets: 60,
      durationMs,
    }
    const before = await this.#counted()
    const text = await this.#on('client', [process.execPath, TRAFFIC, 'generate', JSON.stringify(order)])
    const said = JSON.parse(text) as { sent: number; durationMs: number }
    const received = (await this.#counted()) - before
    return { received, sent: said.sent, perSecond: (received / said.durationMs) * 1000 }
  }

  async #counted(): Promise<number> {
    if (this.#counter === undefined) throw new Error('The counter is not running')
    return await this.#counter.ask()
  }

  #host(name: string): TopologyHost {
    const host = this.#topology.hosts.find((candidate) => candidate.name === name)
    if (host === undefined) throw new Error(`No host ${name}`)
    return host
  }

  #command(host: string, argv: readonly string[]): readonly string[] {
    return onHost({ lab: this.#lab, host, leaf: 'system/bench' }, this.#hierarchies, argv)
  }

  #on(host: string, argv: readonly string[]): Promise<string> {
    return run(this.#command(host, argv))
  }

  async #ifindex(host: string): Promise<number> {
    return Number(await this.#on(host, ['cat', `/sys/class/net/${DEFAULT_DEVICE}/ifindex`]))
  }

  async #mac(host: string): Promise<string> {
    return (await this.#on(host, ['cat', `/sys/class/net/${DEFAULT_DEVICE}/address`])).trim()
  }
}
