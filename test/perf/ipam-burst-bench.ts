import { cpus } from 'node:os'
import { join } from 'node:path'
import { ApiLab } from '#lab/api-lab.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { NAMESPACES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { labPath } from '#lab/state/paths.ts'
import { testLabName } from '#lab/test-name.ts'
import { bundle } from '#tools/bundle.ts'
import { type ApiWrites, parseApiWrites, writesBetween } from './api-writes.ts'
import { bareStatus } from './ipam-burst-bare.ts'
import { countAddresses, forEachIndex, nameOf, serviceManifest } from './ipam-burst-load.ts'
import { type Memory, Program } from './ipam-burst-process.ts'

export interface BurstPlan {
  readonly services: number
  /** Services in a batch, where loop and operator take turns. */
  readonly batch: number
  /** Requests at once: of whoever creates Services, and of the bare loop. */
  readonly concurrency: number
  /** `NODE_OPTIONS` of the programs. */
  readonly nodeOptions: string
}

export type Writes = Readonly<Record<string, number>>

/** From the first create until the last Service has its address. */
export interface BurstFigures {
  readonly burstMs: number
  /** Of the whole machine, whoever had it. */
  readonly machineCpuSeconds: number
  /** Of the process under measurement. */
  readonly cpuSeconds: number
}

/** One batch of each, right after one another. */
export interface Turn {
  readonly bare: BurstFigures
  readonly operator: BurstFigures
}

export interface BareFigures extends BurstFigures {
  /** All statuses once more, nothing else going on. */
  readonly patchMs: number
  readonly memory: Memory
}

export interface OperatorFigures extends BurstFigures {
  /** When the burst was over and the API written to no more. */
  readonly memory: Memory
  /** As long as the burst lasted, and all. */
  readonly writesDuring: Writes
  readonly writes: Writes
  /** The operator started with all Services satisfied. */
  readonly restart: { readonly readyMs: number; readonly memory: Memory; readonly writes: Writes }
  /** The only pool was deleted, all addresses taken back; from its return until the last has its address. */
  readonly poolBack: { readonly burstMs: number; readonly memory: Memory }
}

const BARE_LOOP = join(import.meta.dirname, 'ipam-burst-bare.ts')
/** Services of the bare loop are none of the operator's, though it runs while they are still there. */
const CLASS_OF_BARE = 'example.org/bare'
/** The operator's log when it is ready. */
const ALLOCATED = 'Addresses allocated'
const POOL = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumLoadBalancerIPPool',
  metadata: { name: 'burst' },
  spec: { blocks: [{ cidr: '10.128.0.0/12' }] },
}
/** What image and chart give to the operator's pod. */
const POD_ENV = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', NODE_ENV: 'production' }
/** The API counts as left alone after so long without a write: an operator that tells who announces an address waits 5 s for that. */
const QUIET_MS = 6000

/**
 * Bursts in one lab of size `api`, one after the other: of the operator of this checkout, or of a loop that only writes. Each has a namespace
 * of its own and leaves no Service behind.
 */
export class BurstBench implements AsyncDisposable {
  readonly #lab: ApiLab
  readonly #plan: BurstPlan
  readonly #api: KubeApi
  readonly #say: (line: string) => void

  private constructor(lab: ApiLab, plan: BurstPlan, say: (line: string) => void) {
    this.#say = say
    this.#lab = lab
    this.#plan = plan
    this.#api = connectKubeApi({ environment: { KUBECONFIG: lab.kubeconfig } }, { userAgent: 'ipam-burst' }).api
  }

  /** `say` hears of each part at once: a long measurement that is broken off has told something. */
  static async open(plan: BurstPlan, say: (line: string) => void): Promise<BurstBench> {
    const lab = await ApiLab.open({ name: await testLabName('burst'), nodes: 1 })
    await lab.applyCrds()
    return new BurstBench(lab, plan, say)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api.close()
    await this.#lab[Symbol.asyncDispose]()
  }

  /**
   * Batches in turn, so that a machine that grows faster or slower does so for both: first one begins, then the other. The Services stay: each
   * batch finds more of them than the one before.
   */
  async inTurns(): Promise<readonly Turn[]> {
    const { services, batch, concurrency } = this.#plan
    const names = { bare: 'bare-turns', operator: 'operator-turns' }
    await bundle(this.#path('bundle')) // as the image has it
    for (const namespace of Object.values(names)) await this.#createNamespace(namespace)
    await this.#api.create(POOLS, undefined, POOL)
    const bare = async (from: number): Promise<BurstFigures> => {
      const program = this.#start(`ipam-burst-bare-${from}`, [BARE_LOOP, names.bare, String(concurrency)])
      return await this.#batch(names.bare, from, program, 'watching')
    }
    const operator = async (from: number): Promise<BurstFigures> => {
      const program = this.#start(`ipam-burst-operator-${from}`, this.#operatorArgv())
      return await this.#batch(names.operator, from, program, ALLOCATED)
    }
    const turns: Turn[] = []
    for (let from = 0; from < services; from += batch) {
      const turn =
        turns.length % 2 === 0
          ? { bare: await bare(from), operator: await operator(from) }
          : { operator: await operator(from), bare: await bare(from) }
      turns.push(turn)
      this.#say(`${Math.min(from + batch, services)} Services: ${JSON.stringify(turn)}`)
    }
    for (const namespace of Object.values(names)) await this.#clear(namespace)
    await this.#api.delete(POOLS, { name: POOL.metadata.name })
    return turns
  }

  async bare(round: number): Promise<BareFigures> {
    const namespace = `bare-${round}`
    await this.#createNamespace(namespace)
    const { services, concurrency } = this.#plan
    const program = this.#start(`ipam-burst-${namespace}`, [BARE_LOOP, namespace, String(concurrency)])
    try {
      await program.said('watching')
      const burst = await this.#burst(namespace, { from: 0, to: services }, program)
      const memory = program.memory()
      await program.stop()
      const count = await countAddresses(this.#api, namespace) // who only patches is watched no less
      const beganMs = performance.now()
      await forEachIndex(services, concurrency, (index) =>
        this.#api.patch(
          SERVICES,
          { namespace, name: nameOf(index) },
          { kind: 'merge', body: bareStatus(services + index) },
          { subresource: 'status' },
        ),
      )
      const patchMs = performance.now() - beganMs
      await count.close()
      const figures = { ...burst, patchMs, memory }
      this.#say(`bare loop: ${JSON.stringify(figures)}`)
      return figures
    } finally {
      await program.stop()
      await this.#clear(namespace)
    }
  }

  async operator(round: number): Promise<OperatorFigures> {
    const namespace = `operator-${round}`
    await bundle(this.#path('bundle')) // as the image has it
    await this.#createNamespace(namespace)
    await this.#api.create(POOLS, undefined, POOL)
    let program = await this.#startOperator(`${namespace}-first`)
    try {
      await this.#quiet()
      const before = await this.#writes()
      const burst = await this.#burst(namespace, { from: 0, to: this.#plan.services }, program)
      const writesDuring = writesBetween(before, await this.#writes())
      await this.#quiet()
      const writes = writesBetween(before, await this.#writes())
      const operator = { ...burst, memory: program.memory(), writesDuring, writes }
      this.#say(`operator: ${JSON.stringify(operator)}`)
      await program.stop()
      const beganMs = performance.now()
      const beforeRestart = await this.#writes()
      program = await this.#startOperator(`${namespace}-again`)
      const readyMs = performance.now() - beganMs
      await this.#quiet()
      const restart = { readyMs, memory: program.memory(), writes: writesBetween(beforeRestart, await this.#writes()) }
      this.#say(`restart: ${JSON.stringify(restart)}`)
      const poolBack = { burstMs: await this.#poolBack(namespace), memory: program.memory() }
      await this.#quiet() // what it has still to tell is not for the next to wait for
      return { ...operator, restart, poolBack }
    } finally {
      await program.stop()
      await this.#clear(namespace)
      await this.#api.delete(POOLS, { name: POOL.metadata.name })
    }
  }

  async #batch(namespace: string, from: number, program: Program, ready: string): Promise<BurstFigures> {
    try {
      await program.said(ready)
      await this.#quiet()
      const figures = await this.#burst(
        namespace,
        { from, to: Math.min(from + this.#plan.batch, this.#plan.services) },
        program,
      )
      await this.#quiet()
      return figures
    } finally {
      await program.stop()
    }
  }

  async #burst(
    namespace: string,
    { from, to }: { readonly from: number; readonly to: number },
    program: Program,
  ): Promise<BurstFigures> {
    const loadBalancerClass = namespace.startsWith('bare') ? CLASS_OF_BARE : undefined
    const count = await countAddresses(this.#api, namespace)
    const all = count.until(to)
    const ofProgram = program.cpuSeconds()
    const ofMachine = machineCpuSeconds()
    const beganMs = performance.now()
    await forEachIndex(to - from, this.#plan.concurrency, (index) =>
      this.#api.create(SERVICES, namespace, serviceManifest(from + index, loadBalancerClass)),
    )
    const burstMs = (await all) - beganMs
    const figures = {
      burstMs,
      machineCpuSeconds: machineCpuSeconds() - ofMachine,
      cpuSeconds: program.cpuSeconds() - ofProgram,
    }
    await count.close()
    return figures
  }

  async #clear(namespace: string): Promise<void> {
    await forEachIndex(this.#plan.services, this.#plan.concurrency, (index) =>
      this.#api.delete(SERVICES, { namespace, name: nameOf(index) }),
    )
  }

  async #poolBack(namespace: string): Promise<number> {
    const count = await countAddresses(this.#api, namespace)
    await this.#api.delete(POOLS, { name: POOL.metadata.name })
    await count.until(0)
    await this.#quiet()
    const all = count.until(this.#plan.services)
    const beganMs = performance.now()
    await this.#api.create(POOLS, undefined, POOL)
    const tookMs = (await all) - beganMs
    await count.close()
    return tookMs
  }

  async #startOperator(name: string): Promise<Program> {
    const program = this.#start(`ipam-burst-${name}`, this.#operatorArgv())
    await program.said(ALLOCATED)
    return program
  }

  #operatorArgv(): readonly string[] {
    return [join(this.#path('bundle'), 'balise.mjs'), 'operator']
  }

  #path(name: string): string {
    return labPath(this.#lab.state.name, name)
  }

  #start(name: string, argv: readonly string[]): Program {
    const { nodeOptions } = this.#plan
    const env = { ...POD_ENV, KUBECONFIG: this.#lab.kubeconfig, NODE_OPTIONS: nodeOptions, BALISE_HEALTH_PORT: '0' }
    return Program.start(argv, env, this.#path(`${name}.log`))
  }

  async #createNamespace(name: string): Promise<void> {
    await this.#api.create(NAMESPACES, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }

  async #writes(): Promise<ApiWrites> {
    return parseApiWrites((await this.#lab.api.get('/metrics'))?.body ?? '')
  }

  /** Waits until nobody writes any more. */
  async #quiet(): Promise<void> {
    for (let before = await this.#writes(); ; ) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
      const after = await this.#writes()
      if (Object.keys(writesBetween(before, after)).length === 0) return
      before = after
    }
  }
}

/** Time that the machine's cores have worked, whoever had it. */
function machineCpuSeconds(): number {
  const ofCores = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return ofCores.reduce((sum, ms) => sum + ms, 0) / 1000
}
