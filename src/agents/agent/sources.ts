import { decodeEndpointSlice } from '#crd/endpoint-slice.ts'
import { decodeL2Policy } from '#crd/l2-policy.ts'
import { decodeLease } from '#crd/lease.ts'
import { decodeNode } from '#crd/node.ts'
import type { Decoded } from '#crd/place.ts'
import { decodeService } from '#crd/service.ts'
import { LEASE_KIND_LABEL, LEASE_KIND_NODE } from '#l2/node-facts.ts'
import type { Mistake } from '#model/condition.ts'
import type { EndpointSlice } from '#model/endpoint-slice.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import type { Lease } from '#model/lease.ts'
import type { Node } from '#model/node.ts'
import type { Service, ServiceKey } from '#model/service.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeObject, KubeResource, ListOptions } from '#ports/kube-api.ts'
import { ENDPOINT_SLICES, L2_POLICIES, LEASES, NODES, SERVICES } from '#ports/kube-resources.ts'
import type { Log } from '#ports/log.ts'
import { absentIsEmpty } from '#runtime/absent-kind.ts'
import { createInformer, type Informer } from '#runtime/informer.ts'
import { followMistakes, type ObjectMistakes, type Read, readObject } from './object-mistakes.ts'
import { metallbInformers, type MetallbL2Sources, openMetallbL2 } from '#agents/agent/l2/l2-sources.ts'

/** A policy with what is wrong in it. */
export interface PolicyReading {
  readonly name: string
  /** Undefined when nothing of it can be used. */
  readonly policy: L2Policy | undefined
  readonly mistakes: readonly Mistake[]
}

/** What the agent watches in the API. */
export interface Sources {
  readonly services: Informer<Service>
  readonly slices: Informer<EndpointSlice>
  readonly nodes: Informer<Node>
  readonly leases: Informer<Lease>
  readonly policies: Informer<PolicyReading>
  /** Undefined where MetalLB's dialect is switched off. */
  readonly metallb: MetallbL2Sources | undefined
  /** Slices of a Service, in an order that stays. */
  slicesOf(service: ServiceKey): readonly EndpointSlice[]
  /** What in Services, their endpoints and Nodes cannot be used; the rest of each is. */
  mistakes(): readonly ObjectMistakes[]
  /** All of them, by resource, for the status. */
  all(): readonly (readonly [KubeResource, Informer<unknown>])[]
  close(): Promise<void>
}

export interface SourcesOptions {
  readonly api: KubeApi
  /** Of the node Leases. */
  readonly namespace: string
  /** Where objects of MetalLB's kinds are read; undefined: nowhere. */
  readonly metallbNamespace: string | undefined
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

export function openSources(options: SourcesOptions, signal: AbortSignal): Sources {
  const { api, clock, metallbNamespace } = options
  const apis = { required: api, optional: absentIsEmpty(api, clock) }
  const open = <T>(
    resource: KubeResource,
    trim: (object: KubeObject) => T | undefined,
    select: ListOptions = {},
    presence: keyof typeof apis = 'required',
  ): Informer<T> => {
    const onFailure = logFailure(options.log, resource)
    return createInformer<T>({ ...options, api: apis[presence], resource, trim, select, onFailure }, signal)
  }
  const services = open(SERVICES, (object) => trimService(readObject(decodeService(object))))
  const slices = open(ENDPOINT_SLICES, (object) => ofService(decodeEndpointSlice(object)))
  const nodes = open(NODES, (object) => readObject(decodeNode(object)))
  const leases = open(LEASES, (object) => decodeLease(object).value, {
    namespace: options.namespace,
    labelSelector: `${LEASE_KIND_LABEL}=${LEASE_KIND_NODE}`,
  })
  const policies = open(L2_POLICIES, readPolicy)
  const metallb = metallbNamespace === undefined ? undefined : openMetallbL2(open, metallbNamespace)
  const mistakes = followMistakes([
    [SERVICES, services],
    [ENDPOINT_SLICES, slices],
    [NODES, nodes],
  ])
  const all = [
    [SERVICES, services],
    [ENDPOINT_SLICES, slices],
    [NODES, nodes],
    [LEASES, leases],
    [L2_POLICIES, policies],
    ...metallbInformers(metallb),
  ] as const
  return {
    services,
    slices,
    nodes,
    leases,
    policies,
    metallb,
    slicesOf: indexSlices(slices),
    mistakes,
    all: () => all,
    close: async () => void (await Promise.all(all.map(([, informer]) => informer.close()))),
  }
}

/** Of this the operator tells, in the Service's condition. */
const OF_OPERATOR = 'spec.loadBalancerIP'

/** Without what changes often and is not read, so that a change of it is no change. */
function trimService(service: Read<Service> | undefined): Read<Service> | undefined {
  if (service === undefined) return undefined
  const isTold = service.mistakes.some(({ path }) => path === OF_OPERATOR)
  const mistakes = isTold ? service.mistakes.filter(({ path }) => path !== OF_OPERATOR) : service.mistakes
  return { ...service, resourceVersion: '', conditions: [], mistakes }
}

function ofService(decoded: Decoded<EndpointSlice>): Read<EndpointSlice> | undefined {
  return decoded.value === undefined || decoded.value.service === '' ? undefined : readObject(decoded)
}

function readPolicy(object: KubeObject): PolicyReading {
  const { value, mistakes } = decodeL2Policy(object)
  return { name: object.metadata.name, policy: value, mistakes }
}

function logFailure(log: Log, resource: KubeResource): (failure: { readonly message: string }, inARow: number) => void {
  return (failure, failuresInARow) => {
    const fields = { resource: resource.plural, error: failure.message, failuresInARow }
    if (failuresInARow === 1) log.warn('Watch failed, the last known state stays', fields)
    else log.debug('Watch still fails', fields)
  }
}

const NO_SLICES: readonly EndpointSlice[] = []

/** An index that is made anew after a change, when it is asked for. */
function indexSlices(slices: Informer<EndpointSlice>): (service: ServiceKey) => readonly EndpointSlice[] {
  let index: Map<ServiceKey, EndpointSlice[]> | undefined
  slices.onChange(() => {
    index = undefined
  })
  return (service) => {
    index ??= groupByService(slices.items())
    return index.get(service) ?? NO_SLICES
  }
}

function groupByService(slices: ReadonlyMap<string, EndpointSlice>): Map<ServiceKey, EndpointSlice[]> {
  const index = new Map<ServiceKey, EndpointSlice[]>()
  for (const slice of slices.values()) {
    const known = index.get(slice.service)
    if (known === undefined) index.set(slice.service, [slice])
    else known.push(slice)
  }
  return index
}
