import {
  type Applied,
  MapReader,
  type MapReading,
  takenBackendIds,
  takenFrontendIds,
  type Unreadable,
} from '#datapath/applied.ts'
import type { ClusterContext } from '#datapath/backends.ts'
import { type Desired, desiredOf, NOTHING_DESIRED } from '#datapath/desired.ts'
import type { Frontend } from '#datapath/frontend.ts'
import { HOLD_MS, heldCount, holdServing, type LastServing, servingOf, servingOfMaps } from '#datapath/hold.ts'
import { createIdTable } from '#datapath/ids.ts'
import { formatOp, LB_MAPS } from '#datapath/op.ts'
import { type Ids, plan } from '#datapath/plan.ts'
import type { Ip } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import type { Log } from '#ports/log.ts'
import { applyPlan } from './apply.ts'
import type { PortRange } from '#agents/agent/config.ts'
import type { Sources } from '#agents/agent/sources.ts'

/** What is known of the datapath, for the status. */
export interface DatapathState {
  readonly desired: Desired
  /** With held backends. */
  readonly frontends: ReadonlyMap<string, Frontend>
  readonly realized: ReadonlyMap<string, Frontend>
  readonly applied: Applied
  readonly ids: Ids
  readonly failed: ReadonlyMap<string, string>
  readonly failures: readonly string[]
  /** Frontends whose backends are held after an outage. */
  readonly held: number
  readonly lastAppliedWallMs: number | undefined
  readonly audit: AuditState
}

export interface AuditState {
  readonly lastWallMs: number | undefined
  readonly runs: number
  readonly repaired: number
  readonly differences: readonly string[]
}

/** The kernel's words for what it refused; the loop tries again. */
export class DatapathError extends Error {
  override readonly name = 'DatapathError'
}

export interface DatapathOptions {
  readonly nodeName: string
  /** Cluster IPs and node ports are served as well. */
  readonly kubeProxyReplacement: boolean
  readonly snatPorts: PortRange
  readonly maps: BpfMaps
  readonly sources: Pick<Sources, 'services' | 'nodes' | 'slicesOf'>
  readonly clock: Clock
  readonly log: Log
}

/** At most so many differences are shown. */
const SHOWN_DIFFERENCES = 20

/** The maps and what should be in them. Reads them once at the start and takes over ids and entries; nothing is pruned before `reconcile`. */
export class Datapath {
  readonly #options: DatapathOptions
  #applied: Applied
  #ids: Ids
  #desired: Desired = NOTHING_DESIRED
  #frontends: ReadonlyMap<string, Frontend> = new Map()
  #realized = new Map<string, Frontend>()
  #context: ClusterContext
  #last: LastServing
  #holdUntilMs: number | undefined
  #failed: ReadonlyMap<string, string> = new Map()
  #failures: readonly string[] = []
  #lastAppliedWallMs: number | undefined
  #writes = 0
  #audit: AuditState = { lastWallMs: undefined, runs: 0, repaired: 0, differences: [] }

  constructor(options: DatapathOptions) {
    this.#options = options
    const { applied, unreadable } = readMaps(options.maps)
    this.#applied = applied
    this.#ids = {
      frontends: createIdTable(takenFrontendIds(applied)),
      backends: createIdTable(takenBackendIds(applied)),
    }
    this.#last = servingOfMaps(applied)
    this.#context = contextOf(options, new Map())
    deleteUnreadable(options.maps, unreadable)
    if (applied.frontends.size > 0) {
      options.log.info('Datapath taken over', { frontends: applied.frontends.size, backends: applied.backends.size })
    }
  }

  /** The API was away, or the agent has just started: what serves now is held for a while even if nothing is ready. */
  holdFromNow(): void {
    this.#holdUntilMs = this.#options.clock.monotonicMs() + HOLD_MS
  }

  /**
   * Brings the maps to what the sources say. Throws `DatapathError` when the kernel refused a part; the rest is done. Answers when to look
   * again unasked.
   */
  reconcile(): { readonly runAgainInMs: number | undefined } {
    const { clock, sources } = this.#options
    this.#context = sameContext(this.#context, contextOf(this.#options, sources.nodes.items()))
    const inputs = { services: sources.services.items().values(), slicesOf: sources.slicesOf, context: this.#context }
    this.#desired = desiredOf(inputs, this.#desired)
    const holding = this.#holdUntilMs !== undefined && clock.monotonicMs() < this.#holdUntilMs
    this.#frontends = holding
      ? holdServing(this.#desired.frontends, this.#last, this.#frontends)
      : this.#desired.frontends
    if (!holding) this.#holdUntilMs = undefined
    this.#apply()
    this.#last = servingOf(this.#frontends)
    if (this.#failures.length > 0) throw new DatapathError(this.#failures[0])
    return { runAgainInMs: this.#holdUntilMs === undefined ? undefined : this.#holdUntilMs - clock.monotonicMs() }
  }

  /**
   * Compares the maps with what should be in them, and puts right what differs. The maps are read in pieces, so that other work has its turn; what
   * was read while something was written says nothing and is thrown away. Answers with the milliseconds that it held everything up.
   */
  async audit(signal: AbortSignal): Promise<number> {
    const { clock } = this.#options
    if (this.#desired === NOTHING_DESIRED) return 0
    const writes = this.#writes
    let busyMs = 0
    let beganMs = clock.monotonicMs()
    const reader = new MapReader()
    for (const map of LB_MAPS) {
      for (const chunk of this.#options.maps.map(map).chunks()) {
        reader.add(map, chunk)
        busyMs += clock.monotonicMs() - beganMs
        await clock.sleep(0, signal)
        beganMs = clock.monotonicMs()
      }
    }
    if (this.#writes === writes) this.#compare(reader.finish())
    return busyMs + clock.monotonicMs() - beganMs
  }

  #compare({ applied, unreadable }: MapReading): void {
    const { maps, clock, log } = this.#options
    const repair = plan({ desired: this.#frontends, applied, realized: new Map(), ids: this.#ids })
    const differences = [...unreadable.map(({ map }) => `unreadable entry in ${map}`), ...repair.ops.map(formatOp)]
    const expected = this.#failures.length > 0
    this.#audit = {
      lastWallMs: clock.nowMs(),
      runs: this.#audit.runs + 1,
      repaired: this.#audit.repaired + (expected ? 0 : differences.length),
      differences: differences.slice(0, SHOWN_DIFFERENCES),
    }
    if (differences.length === 0) return
    if (!expected)
      log.warn('Datapath differed from what should be, put right', { differences: differences.slice(0, 5) })
    this.#applied = applied
    this.#realized = new Map()
    deleteUnreadable(maps, unreadable)
    this.#apply()
  }

  state(): DatapathState {
    return {
      desired: this.#desired,
      frontends: this.#frontends,
      realized: this.#realized,
      applied: this.#applied,
      ids: this.#ids,
      failed: this.#failed,
      failures: this.#failures,
      held: heldCount(this.#frontends),
      lastAppliedWallMs: this.#lastAppliedWallMs,
      audit: this.#audit,
    }
  }

  #apply(): void {
    const { maps, clock, log } = this.#options
    const todo = plan({ desired: this.#frontends, applied: this.#applied, realized: this.#realized, ids: this.#ids })
    const outcome = applyPlan(todo, this.#applied, this.#ids, maps)
    for (const frontend of todo.changed) this.#realized.set(frontend.key, frontend)
    for (const key of this.#realized.keys()) if (!this.#frontends.has(key)) this.#realized.delete(key)
    for (const key of outcome.failed.keys()) this.#realized.delete(key)
    this.#failed = outcome.failed
    this.#failures = outcome.failures
    if (outcome.failures.length > 0) this.#realized.clear() // look at everything next time
    if (todo.ops.length === 0) return
    this.#writes += 1
    this.#lastAppliedWallMs = clock.nowMs()
    log.debug('Datapath written', { operations: outcome.done, failures: outcome.failures.length })
  }
}

function readMaps(maps: BpfMaps): MapReading {
  const reader = new MapReader()
  for (const map of LB_MAPS) for (const chunk of maps.map(map).chunks()) reader.add(map, chunk)
  return reader.finish()
}

function deleteUnreadable(maps: BpfMaps, unreadable: readonly Unreadable[]): void {
  for (const { map, key } of unreadable) maps.map(map).delete(key)
}

function contextOf(fixed: DatapathOptions, nodes: ReadonlyMap<string, Node>): ClusterContext {
  const { nodeName, kubeProxyReplacement, snatPorts } = fixed
  const nodeAddresses = new Map<string, Ip>()
  for (const { name, internalIps } of nodes.values()) {
    const address = internalIps.find(({ family }) => family === 'IPv4')
    if (address !== undefined) nodeAddresses.set(name, address)
  }
  const ownAddresses = nodes.get(nodeName)?.internalIps.filter(({ family }) => family === 'IPv4') ?? []
  return { nodeName, nodeAddresses, ownAddresses, kubeProxyReplacement, snatPorts }
}

/** The one before where nothing differs, so that Services keep their frontends when a node changes in something else. */
function sameContext(before: ClusterContext, now: ClusterContext): ClusterContext {
  const same =
    before.nodeAddresses.size === now.nodeAddresses.size &&
    [...now.nodeAddresses].every(([name, { value }]) => before.nodeAddresses.get(name)?.value === value) &&
    before.ownAddresses.length === now.ownAddresses.length &&
    now.ownAddresses.every(({ value }, index) => before.ownAddresses[index]?.value === value)
  return same ? before : now
}
