import { decodeEndpointSlice } from '#crd/endpoint-slice.ts'
import { decodeLease } from '#crd/lease.ts'
import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import { MANAGED_BY, MANAGED_LABEL, readServiceL2Status } from '#crd/metallb/service-l2-status.ts'
import { LEASE_KIND_MIRROR } from '#l2/mirror.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE } from '#l2/node-facts.ts'
import { DEFAULT_IPAM, givesNodeAddresses, type IpamSettings } from '#ipam/ownership.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeObject, KubeResource, ListOptions } from '#ports/kube-api.ts'
import {
  ADDRESS_POOLS,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
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
import type { Log } from '#ports/log.ts'
import { absentIsEmpty, type ListAndWatch } from '#runtime/absent-kind.ts'
import type { Failure } from '#runtime/failure.ts'
import { createInformer, type Informer } from '#runtime/informer.ts'
import { createLeaderElection } from '#runtime/leader-election.ts'
import { createEventRecorder } from '#agents/event-recorder.ts'
import { type AnnouncerLoopOptions, startAnnouncerLoop } from '#agents/operator/metallb/announcer-loop.ts'
import { startIpamLoop } from '#agents/operator/ipam/ipam-loop.ts'
import { createL2View } from '#agents/operator/announcements/l2-view.ts'
import { startMetallbLoop } from '#agents/operator/metallb/metallb-loop.ts'
import { addressPoolRecord, advertisementRecord, legacyRecord } from '#agents/operator/metallb/metallb-records.ts'
import type { MetallbSources } from '#agents/operator/metallb/metallb-source.ts'
import { startMirrorLoop } from '#agents/operator/announcements/mirror-loop.ts'
import { DEFAULT_NODE_TAINTS, nodeRecord, type NodeTaintSettings } from '#agents/operator/nodes/node-taints.ts'
import { startNodeTaintsLoop } from '#agents/operator/nodes/node-taints-loop.ts'
import { startPolicyLoop } from '#agents/operator/announcements/policy-loop.ts'
import { poolPolicyRecord } from '#agents/operator/ipam/pool-policies.ts'
import { policyRecord, poolRecord } from './records.ts'
import { createReports, type OperatorReports } from './reports.ts'
import { createServicesByAddress } from './services-by-address.ts'
import { createServiceRecords } from '#agents/operator/ipam/service-records.ts'
import { createTermApi } from './term-api.ts'

export interface OperatorOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** Where the Leases are. */
  readonly namespace: string
  /** Of this process among the replicas: the pod's name. */
  readonly identity: string
  readonly leaseDurationMs?: number
  /** Where objects of MetalLB's kinds are read; absent: nowhere. */
  readonly metallbNamespace?: string | undefined
  /** `DEFAULT_IPAM` when absent. */
  readonly ipam?: IpamSettings
  /** `DEFAULT_NODE_TAINTS` when absent. */
  readonly nodeTaints?: NodeTaintSettings
}

export interface OperatorStatus {
  readonly leading: boolean
  /** The leader, as last seen; empty when unknown. */
  readonly leader: string
  /** What it lacks to do its work, and why: kinds that are not listed yet, or a Lease that it may not take. */
  readonly missing: readonly string[]
}

export interface Operator {
  status(): OperatorStatus
  close(): Promise<void>
}

const OPERATOR_LEASE = 'balise-operator'
/** A failure of the Lease counts until some attempts (one in 2 s) have gone by without another. */
const FRESH_MS = 10_000

/**
 * The operator: the leader among its replicas gives out addresses and writes statuses. A leader lists everything anew when its term begins:
 * what a follower held could be older than the last leader's writes.
 */
export function startOperator(options: OperatorOptions, signal: AbortSignal): Operator {
  const { api, clock, random, log, namespace, identity, leaseDurationMs } = options
  const reports = createReports(log)
  let informers: ReadonlyMap<string, Informer<unknown>> = new Map()
  let leaseFailure: { readonly message: string; readonly atMs: number } | undefined
  let leaseFailures = 0
  const election = createLeaderElection(
    {
      api,
      namespace,
      name: OPERATOR_LEASE,
      identity,
      ...(leaseDurationMs === undefined ? {} : { leaseDurationMs }),
      clock,
      random,
      lead: (term, isCurrent) =>
        lead({ ...options, api: createTermApi(api, isCurrent) }, reports, term, (running) => (informers = running)),
      onChange({ leading, holder }) {
        leaseFailure = undefined
        leaseFailures = 0
        log.info('Leadership changed', { leading, holder })
      },
      onFailure(failure) {
        leaseFailure = { message: failure.message, atMs: clock.monotonicMs() }
        leaseFailures += 1
        reports.leaseFailed(failure, leaseFailures)
      },
    },
    signal,
  )
  return {
    status: () => {
      const { leading, holder } = election.status()
      const isFresh = leaseFailure !== undefined && clock.monotonicMs() - leaseFailure.atMs < FRESH_MS
      const lease = isFresh ? [`leases: ${leaseFailure?.message}`] : []
      return { leading, leader: holder, missing: leading ? missingFrom(informers) : lease }
    },
    close: () => election.close(),
  }
}

function missingFrom(informers: ReadonlyMap<string, Informer<unknown>>): readonly string[] {
  return Array.from(informers, ([kind, informer]) => ({ kind, status: informer.status() }))
    .filter(({ status }) => !status.synced)
    .map(({ kind, status }) => `${kind}: ${status.lastFailure?.message ?? 'not listed yet'}`)
}

/** One term: from election to the end of the signal. */
async function lead(
  options: OperatorOptions,
  reports: OperatorReports,
  signal: AbortSignal,
  publish: (informers: ReadonlyMap<string, Informer<unknown>>) => void,
): Promise<void> {
  const { api, clock, random, namespace, identity } = options
  const inform = <T>(resource: KubeResource, trim: (object: KubeObject) => T | undefined, select?: ListOptions) =>
    informerOf(options, reports, resource, trim, signal, select)
  const pools = inform(POOLS, poolRecord)
  const services = inform(SERVICES, createServiceRecords())
  const policies = inform(L2_POLICIES, policyRecord)
  const nodes = inform(NODES, nodeRecord)
  const labelSelector = `${LEASE_KIND_LABEL}=${LEASE_KIND_NODE}`
  const leases = inform(LEASES, (object) => decodeLease(object).value, { namespace, labelSelector })
  const mirrors = inform(LEASES, (object) => decodeLease(object).value, {
    namespace,
    labelSelector: `${LEASE_KIND_LABEL}=${LEASE_KIND_MIRROR}`,
  })
  const settings = options.ipam ?? DEFAULT_IPAM
  // Only who gives out addresses of nodes has to know where pods are.
  const slices = givesNodeAddresses(settings)
    ? inform(ENDPOINT_SLICES, (object) => decodeEndpointSlice(object).value)
    : undefined
  // Also where no addresses are given out those of other controllers may be announced.
  const ofMetallb = metallbSources(options, reports, signal)
  const metallb = settings.enabled ? ofMetallb : undefined
  // Helm does not bring new kinds at an upgrade: a cluster may not have ours yet.
  const tolerant = { ...options, api: absentIsEmpty(api, clock) }
  const poolPolicies = informerOf(tolerant, reports, POOL_POLICIES, poolPolicyRecord, signal)
  const namespaces = inform(NAMESPACES, ({ metadata }) => metadata.labels ?? {})
  const l2Statuses = serviceL2Statuses(options, reports, signal)
  const statusInformers = l2Statuses === undefined ? {} : { l2Statuses: l2Statuses.statuses }
  const optional = { ...(slices === undefined ? {} : { slices }), ...ofMetallb, ...statusInformers }
  const informers = { pools, services, poolPolicies, namespaces, policies, nodes, leases, mirrors, ...optional }
  publish(new Map<string, Informer<unknown>>(Object.entries(informers)))
  const onFailure = reports.eventLost
  const events = createEventRecorder({ api, component: 'balise-operator', identity, clock, random, onFailure }, signal)
  const onViewFailure = (failure: Failure, inARow: number): void => reports.loopFailed('nodes', failure, inARow)
  const view = createL2View(
    { clock, random, policies, nodes, leases, metallb: ofMetallb, onFailure: onViewFailure },
    signal,
  )
  const loop = { api, clock, random, reports }
  const byAddress = createServicesByAddress(services)
  const nodeSources = slices === undefined ? undefined : { nodes, slices }
  const rules = { pools, poolPolicies, namespaces }
  const ipam = startIpamLoop(
    { ...loop, ...rules, services, byAddress, nodeSources, metallb, view, events, settings },
    signal,
  )
  const dialect = metallb === undefined ? [] : [startMetallbLoop({ ...loop, pools, services, metallb, events }, signal)]
  const announcers =
    ofMetallb === undefined || l2Statuses === undefined
      ? []
      : [startAnnouncerLoop({ ...loop, ...ofMetallb, ...l2Statuses, services, byAddress, view, events }, signal)]
  const taints = startNodeTaintsLoop(
    { ...loop, nodes, leases, events, settings: options.nodeTaints ?? DEFAULT_NODE_TAINTS },
    signal,
  )
  const policy = startPolicyLoop({ ...loop, policies, view }, signal)
  const mirror = startMirrorLoop({ ...loop, namespace, services, byAddress, mirrors, view, events }, signal)
  await untilAborted(signal)
  await Promise.all(
    [ipam, taints, ...dialect, ...announcers, policy, mirror, view, events, ...Object.values(informers)].map((part) =>
      part.close(),
    ),
  )
}

/** MetalLB's kinds, which a cluster need not have. */
function metallbSources(
  options: OperatorOptions,
  reports: OperatorReports,
  signal: AbortSignal,
): MetallbSources | undefined {
  const namespace = options.metallbNamespace
  if (namespace === undefined) return undefined
  const api = absentIsEmpty(options.api, options.clock)
  const fieldSelector = `metadata.name=${LEGACY_CONFIG.name}`
  return {
    addressPools: informerOf({ ...options, api }, reports, ADDRESS_POOLS, addressPoolRecord, signal, { namespace }),
    advertisements: informerOf({ ...options, api }, reports, L2_ADVERTISEMENTS, advertisementRecord, signal, {
      namespace,
    }),
    legacyConfig: informerOf(options, reports, CONFIG_MAPS, legacyRecord, signal, { namespace, fieldSelector }),
  }
}

/** Those that Balise wrote, where MetalLB's kind is served. */
function serviceL2Statuses(
  options: OperatorOptions,
  reports: OperatorReports,
  signal: AbortSignal,
): Pick<AnnouncerLoopOptions, 'namespace' | 'statuses'> | undefined {
  const namespace = options.metallbNamespace
  if (namespace === undefined) return undefined
  const tolerant = { ...options, api: absentIsEmpty(options.api, options.clock) }
  const select = { namespace, labelSelector: `${MANAGED_LABEL}=${MANAGED_BY}` }
  return {
    namespace,
    statuses: informerOf(tolerant, reports, SERVICE_L2_STATUSES, readServiceL2Status, signal, select),
  }
}

function informerOf<T>(
  { api, clock, random }: Pick<OperatorOptions, 'clock' | 'random'> & { readonly api: ListAndWatch },
  reports: OperatorReports,
  resource: KubeResource,
  trim: (object: KubeObject) => T | undefined,
  signal: AbortSignal,
  select: ListOptions = {},
): Informer<T> {
  return createInformer(
    {
      api,
      resource,
      trim,
      select,
      clock,
      random,
      onFailure: (failure, inARow) => reports.watchFailed(resource, failure, inARow),
    },
    signal,
  )
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
