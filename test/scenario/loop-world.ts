import { createEventRecorder, type EventText } from '#agents/event-recorder.ts'
import { createL2View, type L2View } from '#agents/operator/announcements/l2-view.ts'
import { startMirrorLoop } from '#agents/operator/announcements/mirror-loop.ts'
import { startIpamLoop } from '#agents/operator/ipam/ipam-loop.ts'
import { poolPolicyRecord } from '#agents/operator/ipam/pool-policies.ts'
import { createServiceRecords } from '#agents/operator/ipam/service-records.ts'
import { startAnnouncerLoop } from '#agents/operator/metallb/announcer-loop.ts'
import { startMetallbLoop } from '#agents/operator/metallb/metallb-loop.ts'
import { addressPoolRecord, advertisementRecord, legacyRecord } from '#agents/operator/metallb/metallb-records.ts'
import { nodeRecord } from '#agents/operator/nodes/node-taints.ts'
import { policyRecord, poolRecord } from '#agents/operator/records.ts'
import { createServicesByAddress } from '#agents/operator/services-by-address.ts'
import { createReports } from '#agents/operator/reports.ts'
import { decodeLease } from '#crd/lease.ts'
import { DEFAULT_IPAM } from '#ipam/ownership.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { MANAGED_BY, MANAGED_LABEL, readServiceL2Status } from '#crd/metallb/service-l2-status.ts'
import { LEASE_KIND_MIRROR } from '#l2/mirror.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE } from '#l2/node-facts.ts'
import type { KubeObject, KubeResource, ListOptions } from '#ports/kube-api.ts'
import {
  ADDRESS_POOLS,
  CONFIG_MAPS,
  L2_ADVERTISEMENTS,
  L2_POLICIES,
  LEASES,
  NAMESPACES,
  NODES,
  POOL_POLICIES,
  POOLS,
  SERVICE_L2_STATUSES,
  SERVICES,
} from '#ports/kube-resources.ts'
import { createInformer, type Informer } from '#runtime/informer.ts'
import { createScenario, type Scenario } from './harness.ts'

/** Loops of the operator that look at Services. Nobody gives out addresses here but `ipam`. */
export type LoopName = 'ipam' | 'metallb' | 'announcers' | 'mirrors'

export interface LoopWorld extends Scenario {
  /** Keys of objects (of Services, and of what the loop keeps of them) that were looked at since this was last asked. */
  takeLooks(): ReadonlySet<string>
  /** What was written since this was last asked, Events aside, sorted: `patch services web`. */
  takeWrites(): readonly string[]
  /** Called before each Event that a loop tells of. */
  onEvent(hook: (text: EventText) => void): void
  /** Ends the loops and starts others that know nothing. */
  restart(): Promise<void>
  close(): Promise<void>
}

export interface LoopWorldOptions {
  /** Of each change the loop is told that it may be any object's. */
  readonly tellsNothing?: boolean
}

export async function createLoopWorld(
  names: readonly LoopName[],
  { tellsNothing = false }: LoopWorldOptions = {},
): Promise<LoopWorld> {
  const world = createScenario()
  const looks = new Set<string>()
  let written = 0
  let hook: (text: EventText) => void = () => undefined
  const start = () => startLoops(world, names, tellsNothing, looks, (text) => hook(text))
  let loops = start()
  await world.pass()
  const stop = async (): Promise<void> => {
    const closing = loops.close()
    await world.pass(3_000)
    await closing
  }
  return {
    ...world,
    takeLooks() {
      const taken = new Set(looks)
      looks.clear()
      return taken
    },
    takeWrites() {
      const writes = world.api.requests
        .slice(written)
        .filter(({ verb }) => ['create', 'patch', 'delete'].includes(verb))
      written = world.api.requests.length
      return writes
        .filter(({ resource }) => resource.plural !== 'events')
        .map(({ verb, resource, name }) => `${verb} ${resource.plural} ${name}`)
        .toSorted()
    },
    onEvent: (then) => void (hook = then),
    async restart() {
      await stop()
      loops = start()
      await world.pass(3_000)
    },
    close: stop,
  }
}

function startLoops(
  { api, clock, log }: Scenario,
  names: readonly LoopName[],
  tellsNothing: boolean,
  looks: Set<string>,
  onEvent: (text: EventText) => void,
): { close(): Promise<void> } {
  const life = new AbortController()
  const { signal } = life
  const random = (): number => 0.5
  const timing = { api, clock, random }
  const inform = <T>(resource: KubeResource, trim: (object: KubeObject) => T | undefined, select: ListOptions = {}) =>
    createInformer({ ...timing, resource, trim, select }, signal)
  const lease = (object: KubeObject) => decodeLease(object).value
  const leases = (kind: string) =>
    inform(LEASES, lease, { namespace: 'kube-system', labelSelector: `${LEASE_KIND_LABEL}=${kind}` })
  const seen = <T>(informer: Informer<T>): Informer<T> => {
    const told = tellsNothing ? tellingNothing(informer) : informer
    return { ...told, items: () => watched(informer.items(), (key) => looks.add(key)) }
  }
  const namespace = METALLB_NAMESPACE
  const services = inform(SERVICES, createServiceRecords())
  const metallb = {
    addressPools: inform(ADDRESS_POOLS, addressPoolRecord, { namespace }),
    advertisements: inform(L2_ADVERTISEMENTS, advertisementRecord, { namespace }),
    legacyConfig: inform(CONFIG_MAPS, legacyRecord, { namespace }),
  }
  const pools = inform(POOLS, poolRecord)
  const poolPolicies = inform(POOL_POLICIES, poolPolicyRecord)
  const namespaces = inform(NAMESPACES, ({ metadata }) => metadata.labels ?? {})
  const policies = inform(L2_POLICIES, policyRecord)
  const nodes = inform(NODES, nodeRecord)
  const statuses = inform(SERVICE_L2_STATUSES, readServiceL2Status, {
    namespace,
    labelSelector: `${MANAGED_LABEL}=${MANAGED_BY}`,
  })
  const mirrors = leases(LEASE_KIND_MIRROR)
  const onFailure = (): void => undefined
  const recorder = createEventRecorder({ ...timing, component: 'test', identity: 'test', onFailure }, signal)
  const events: typeof recorder = {
    ...recorder,
    record(subject, text, kind) {
      onEvent(text)
      recorder.record(subject, text, kind)
    },
  }
  const view: L2View = createL2View(
    { clock, random, policies, nodes, leases: leases(LEASE_KIND_NODE), metallb, onFailure },
    signal,
  )
  const byAddress = createServicesByAddress(seen(services))
  const loop = { ...timing, reports: createReports(log), services: seen(services), byAddress, events, view }
  const ofPools = { pools, poolPolicies, namespaces }
  const start = {
    ipam: () =>
      startIpamLoop(
        { ...loop, ...ofPools, nodeSources: undefined, metallb: undefined, settings: DEFAULT_IPAM },
        signal,
      ),
    metallb: () => startMetallbLoop({ ...loop, pools, metallb }, signal),
    announcers: () => startAnnouncerLoop({ ...loop, ...metallb, namespace, statuses: seen(statuses) }, signal),
    mirrors: () => startMirrorLoop({ ...loop, namespace: 'kube-system', mirrors: seen(mirrors) }, signal),
  }
  const running = names.map((name) => start[name]())
  const parts = [
    ...Object.values(metallb),
    services,
    pools,
    poolPolicies,
    namespaces,
    policies,
    nodes,
    statuses,
    mirrors,
    view,
    recorder,
  ]
  return {
    async close() {
      life.abort(new Error('The loops are ended'))
      await Promise.all([...running, ...parts].map((part) => part.close()))
    },
  }
}

/** Says at each question that all have changed that there are or were. */
function tellingNothing<T>(informer: Informer<T>): Informer<T> {
  return {
    ...informer,
    keyChanges() {
      const changes = informer.keyChanges()
      const ever = new Set<string>()
      return {
        take() {
          for (const key of [...changes.take(), ...informer.items().keys()]) ever.add(key)
          return new Set(ever)
        },
      }
    },
  }
}

/** Tells of each look at an object: who asks for all of them has looked at all that it was given. */
function watched<T>(items: ReadonlyMap<string, T>, look: (key: string) => void): ReadonlyMap<string, T> {
  function* entries(): Generator<[string, T], undefined> {
    for (const entry of items) {
      look(entry[0])
      yield entry
    }
  }
  return {
    size: items.size,
    has: (key) => items.has(key),
    get(key) {
      look(key)
      return items.get(key)
    },
    forEach: (each) => entries().forEach(([key, value]) => each(value, key, items)),
    entries,
    keys: () => entries().map(([key]) => key),
    values: () => entries().map(([, value]) => value),
    [Symbol.iterator]: entries,
  }
}
