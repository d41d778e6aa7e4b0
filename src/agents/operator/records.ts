import { decodeL2Policy } from '#crd/l2-policy.ts'
import { decodePool } from '#crd/pool.ts'
import { decodeService } from '#crd/service.ts'
import { readServiceRequest } from '#crd/service-request.ts'
import { wasOurs } from '#ipam/ownership.ts'
import type { Mistake } from '#model/condition.ts'
import { ALLOCATED_FROM, type L2Policy } from '#model/l2-policy.ts'
import type { Pool } from '#model/pool.ts'
import type { Service } from '#model/service.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import type { KubeObject } from '#ports/kube-api.ts'

/** What the operator holds of an object whose status it writes. */
export interface ObjectRecord {
  readonly name: string
  /** Empty when it has none. */
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  readonly mistakes: readonly Mistake[]
  /** `status.conditions` as it came. */
  readonly conditions: readonly unknown[]
}

export interface ServiceRecord extends ObjectRecord {
  readonly service: Service
  readonly asked: ServiceRequest
  /** `status.loadBalancer.ingress` as it came. */
  readonly ingress: readonly unknown[]
}

export interface PoolRecord extends ObjectRecord {
  /** Undefined when it gives out nothing because of its mistakes. */
  readonly pool: Pool | undefined
}

export interface PolicyRecord extends ObjectRecord {
  /** Undefined when it announces nothing because of its mistakes. */
  readonly policy: L2Policy | undefined
}

/** Undefined for Services that the operator has nothing to do with: not of type LoadBalancer, and without a trace of ours. */
export function serviceRecord(object: KubeObject): ServiceRecord | undefined {
  const { value: service, mistakes } = decodeService(object)
  if (service === undefined) return undefined
  const hasTrace = wasOurs(service) || service.annotations[ALLOCATED_FROM] !== undefined
  if (service.type !== 'LoadBalancer' && !hasTrace) return undefined
  const loadBalancer = recordIn(statusOf(object), 'loadBalancer')
  const asked = readServiceRequest(service, mistakes)
  return { ...objectRecord(object, mistakes), service, asked, ingress: listIn(loadBalancer, 'ingress') }
}

export function poolRecord(object: KubeObject): PoolRecord {
  const { value: pool, mistakes } = decodePool(object)
  return { ...objectRecord(object, mistakes), pool }
}

export function policyRecord(object: KubeObject): PolicyRecord {
  const { value: policy, mistakes } = decodeL2Policy(object)
  return { ...objectRecord(object, mistakes), policy }
}

/** The part that every kind has. */
export function objectRecord(object: KubeObject, mistakes: readonly Mistake[]): ObjectRecord {
  const { name, namespace = '', uid = '', resourceVersion = '', generation = 0 } = object.metadata
  const conditions = listIn(statusOf(object), 'conditions')
  return { name, namespace, uid, resourceVersion, generation, mistakes, conditions }
}

function statusOf(object: KubeObject): Readonly<Record<string, unknown>> {
  return recordIn(object, 'status')
}

function recordIn(object: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = object[key]
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function listIn(object: Readonly<Record<string, unknown>>, key: string): readonly unknown[] {
  const value = object[key]
  return Array.isArray(value) ? value : []
}
