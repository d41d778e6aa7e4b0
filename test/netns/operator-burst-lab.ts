/** Bursts of Services on a real API server, with operators that are processes of their own and that things happen to. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connectKubeApi } from '#io/kube/connect.ts'
import { IPAM_CONDITION } from '#ipam/ownership.ts'
import { ApiLab } from '#lab/api-lab.ts'
import { cgroup2Root, readHierarchies } from '#lab/machine/hierarchies.ts'
import { cgroupName } from '#lab/machine/names.ts'
import { serviceLeaf, serviceLog } from '#lab/process/launch.ts'
import { waitFor } from '#lab/process/wait.ts'
import type { ProxyFault } from '#lab/proxy/fault.ts'
import { testLabName } from '#lab/test-name.ts'
import type { KubeApi, KubeObject } from '#ports/kube-api.ts'
import { LEASES, NAMESPACES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { type ApiWrites, parseApiWrites, writesBetween } from '#test/perf/api-writes.ts'
import { forEachIndex, serviceManifest } from '#test/perf/ipam-burst-load.ts'

/** The only pool, and how many addresses it has. */
const POOL = 'burst'
const POOL_CIDR = '10.128.0.0/20'
const POOL_SIZE = 4096
const LEASE_SECONDS = 3
const CREATES_AT_ONCE = 8
const BOUND_MS = 45_000
/** Longer than it takes until it is told that nobody announces an address. */
const QUIET_MS = 1_500
/** Before the test's own watch begins anew: a server that is away is not asked without end. */
const REWATCH_MS = 100

interface Condition {
  readonly type: string
  readonly status: string
  readonly message: string
}

/** The Services of a lab as any other controller sees them: by a watch, event by event. */
interface Sight {
  /** Addresses by Service. */
  readonly shown: Map<string, readonly string[]>
  /** Each time that an address was seen with two Services at once, and each that one was exchanged for another. */
  readonly wrongs: string[]
  /** When and why watches of the test itself ended: those of a server under load do, without a word. */
  readonly breaks: string[]
}

export class BurstLab implements AsyncDisposable {
  readonly api: KubeApi
  readonly #lab: ApiLab
  readonly #sight: Sight = { shown: new Map(), wrongs: [], breaks: [] }
  readonly #ending = new AbortController()
  readonly #watching: Promise<void>
  #bursts = 0

  private constructor(lab: ApiLab) {
    this.#lab = lab
    this.api = connectKubeApi({ environment: { KUBECONFIG: lab.kubeconfig } }, { userAgent: 'operator-burst' }).api
    this.#watching = this.#watch()
  }

  static async open(): Promise<BurstLab> {
    const lab = await ApiLab.open({ name: await testLabName('opburst') })
    await lab.applyCrds()
    const burst = new BurstLab(lab)
    const spec = { blocks: [{ cidr: POOL_CIDR }] }
    await burst.api.create(POOLS, undefined, {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumLoadBalancerIPPool',
      metadata: { name: POOL },
      spec,
    })
    return burst
  }

  get nodes(): readonly string[] {
    return this.#lab.nodes
  }

  get name(): string {
    return this.#lab.state.name
  }

  /** What ever looked wrong to somebody who watches; nothing that is repaired later is forgotten. */
  get wrongs(): readonly string[] {
    return this.#sight.wrongs
  }

  startOperator(node: string): void {
    const env = { BALISE_OPERATOR_LEASE_DURATION_SECONDS: String(LEASE_SECONDS), BALISE_HEALTH_PORT: '0' }
    this.#lab.startOperator(node, env)
  }

  /** Starts the operators that do not run, and waits until one leads. */
  async haveOperators(...nodes: readonly string[]): Promise<void> {
    for (const node of nodes) if (this.#pids(node).length === 0) this.startOperator(node)
    await this.leader()
  }

  signalOperator(node: string, signal: NodeJS.Signals): void {
    const pids = this.#pids(node)
    if (pids.length === 0) throw new Error(`No operator runs on ${node}`)
    for (const pid of pids) process.kill(pid, signal)
  }

  #pids(node: string): readonly number[] {
    const folder = join(cgroup2Root(readHierarchies()), cgroupName(this.name, node), serviceLeaf('operator'))
    if (!existsSync(folder)) return []
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  }

  /** The node whose operator leads. */
  async leader(known: (node: string) => boolean = () => true): Promise<string> {
    return await waitFor(
      async () => {
        const { items } = await this.api.list(LEASES, { namespace: 'kube-system' })
        const lease = items.find(({ metadata }) => metadata.name === 'balise-operator')
        const { holderIdentity = '' } = (lease?.['spec'] ?? {}) as { readonly holderIdentity?: string }
        return this.nodes.find((node) => holderIdentity.startsWith(`${node}_`) && known(node))
      },
      { what: 'an operator to lead', boundMs: BOUND_MS },
    )
  }

  /** For the operators on these nodes. */
  async fault(fault: ProxyFault): Promise<void> {
    await this.#lab.inject({ kind: 'api', fault, hosts: this.nodes })
  }

  /**
   * Creates Services beside what follows; `middle` happens when a part of them has its address. The second half comes with it at the
   * earliest: on a busy machine all of them would be served before this process looks again.
   */
  async burst(services: number, middle: () => Promise<void>): Promise<void> {
    const namespace = `burst-${this.#bursts++}`
    await this.api.create(NAMESPACES, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const before = this.#served()
    const half = Promise.withResolvers<void>()
    const creating = forEachIndex(services, CREATES_AT_ONCE, async (index) => {
      if (index >= services / 2) await half.promise
      await this.api.create(SERVICES, namespace, serviceManifest(index))
    })
    await waitFor(() => this.#served() >= before + services / 10, {
      what: 'the first addresses',
      boundMs: BOUND_MS,
    }).catch((cause: unknown) => {
      throw new Error(`No addresses; ${this.#account()}`, { cause })
    })
    half.resolve()
    await middle()
    await creating
  }

  /** What is to be known when something did not happen: whose fault it was. */
  #account(): string {
    const ends = this.#sight.breaks.join('; ') || 'none'
    return `watches of the test that ended: ${ends}; ${this.operatorLogs()}`
  }

  /** Waits until every Service has an address, and says so, and the pool counts right. */
  async settled(): Promise<void> {
    let last = ''
    const isSettled = async (): Promise<boolean> => {
      const { items } = await this.api.list(SERVICES, {})
      const services = items.filter((item) => specOf(item).type === 'LoadBalancer')
      const unserved = services.filter((item) => addressesIn(item).length !== 1 || !isSatisfied(item))
      const used = await this.#used()
      last = `${services.length} Services, ${unserved.length} without an address, used ${used}`
      return services.length > 0 && unserved.length === 0 && used === String(services.length)
    }
    try {
      await waitFor(isSettled, { what: 'every Service to have its address', boundMs: BOUND_MS, everyMs: 200 })
    } catch (cause) {
      throw new Error(`${last}; ${this.#account()}`, { cause })
    }
  }

  /** Addresses by Service, as the API has them now. */
  async addresses(): Promise<ReadonlyMap<string, string>> {
    const { items } = await this.api.list(SERVICES, {})
    const services = items.filter((item) => specOf(item).type === 'LoadBalancer')
    return new Map(services.map((item) => [keyOf(item), addressesIn(item).join()]))
  }

  /** Waits until nobody writes any more; answers with what has been written until then. */
  async quiet(): Promise<ApiWrites> {
    for (let before = await this.writes(); ; ) {
      await wait(QUIET_MS)
      const after = await this.writes()
      if (Object.keys(writesBetween(before, after)).length === 0) return after
      before = after
    }
  }

  async writes(): Promise<ApiWrites> {
    return parseApiWrites((await this.#lab.api.get('/metrics'))?.body ?? '')
  }

  operatorLogs(): string {
    return this.nodes.map((node) => `${node}: ${this.operatorLog(node)}`).join('\n')
  }

  /** The end of it; empty when none was started. */
  operatorLog(node: string): string {
    try {
      return readFileSync(serviceLog(this.name, node, 'operator'), 'utf8').slice(-2000)
    } catch {
      return '' // none was started there
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#watching
    this.api.close()
    await this.#lab[Symbol.asyncDispose]()
  }

  async #used(): Promise<string | undefined> {
    const pool = await this.api.get(POOLS, { name: POOL })
    const conditions = conditionsIn(pool)
    const messageOf = (type: string) => conditions.find((condition) => condition.type === type)?.message
    const total = messageOf('cilium.io/IPsTotal')
    if (total !== undefined && total !== String(POOL_SIZE)) throw new Error(`The pool counts ${total} addresses`)
    const used = messageOf('cilium.io/IPsUsed')
    const free = messageOf('cilium.io/IPsAvailable')
    return Number(used) + Number(free) === POOL_SIZE ? used : undefined
  }

  #served(): number {
    return [...this.#sight.shown.values()].filter((addresses) => addresses.length > 0).length
  }

  /** Lists and watches, again when a watch ends, as any controller does. */
  async #watch(): Promise<void> {
    const { signal } = this.#ending
    const holders = new Map<string, string>()
    while (!signal.aborted) {
      const startedMs = performance.now()
      const end = await this.#watchOnce(holders, signal).catch(String)
      if (signal.aborted) return
      this.#sight.breaks.push(`after ${Math.round(performance.now() - startedMs)} ms: ${end ?? 'the server ended it'}`)
      await wait(REWATCH_MS)
    }
  }

  async #watchOnce(holders: Map<string, string>, signal: AbortSignal): Promise<void> {
    const look = (object: KubeObject, isGone: boolean): void => {
      if (specOf(object).type === 'LoadBalancer') this.#see(keyOf(object), isGone ? [] : addressesIn(object), holders)
    }
    const { items, resourceVersion } = await this.api.list(SERVICES, {}, signal)
    for (const item of items) look(item, false)
    for await (const event of this.api.watch(SERVICES, { resourceVersion }, signal)) {
      if (event.type !== 'BOOKMARK') look(event.object, event.type === 'DELETED')
    }
  }

  #see(key: string, addresses: readonly string[], holders: Map<string, string>): void {
    const { shown, wrongs } = this.#sight
    const before = shown.get(key) ?? []
    if (before.length > 0 && before.join() !== addresses.join())
      wrongs.push(`Service ${key} had ${before.join()} and then ${addresses.join()}`)
    for (const address of before) holders.delete(address)
    for (const address of addresses) {
      const other = holders.get(address)
      if (other !== undefined) wrongs.push(`${address} was shown by ${other} and by ${key}`)
      holders.set(address, key)
    }
    shown.set(key, addresses)
  }
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return `${namespace}/${name}`
}

function specOf(object: KubeObject): { readonly type?: string } {
  return object['spec'] ?? {}
}

function statusOf(object: KubeObject) {
  return (object['status'] ?? {}) as {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] }
    readonly conditions?: readonly Condition[]
  }
}

function addressesIn(object: KubeObject): readonly string[] {
  return (statusOf(object).loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip)
}

function conditionsIn(object: KubeObject): readonly Condition[] {
  return statusOf(object).conditions ?? []
}

function isSatisfied(object: KubeObject): boolean {
  return conditionsIn(object).some(({ type, status }) => type === IPAM_CONDITION && status === 'True')
}
