import { isDeepStrictEqual } from 'node:util'
import { mergeConditions } from '#crd/merge-conditions.ts'
import { decodePoolPolicy } from '#crd/pool-policy.ts'
import type { Outcome } from '#ipam/allocate.ts'
import { namespaceUses, policyMistakes, type PolicyWitness, respectedCondition } from '#ipam/policy-status.ts'
import { sameIp } from '#model/ip.ts'
import type { PoolPolicy } from '#model/pool-policy.ts'
import { validCondition } from '#model/valid-condition.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import type { StatusImage } from '#agents/operator/status/ledger.ts'
import { type ObjectRecord, objectRecord } from '#agents/operator/records.ts'

/** A LoadBalancerIPPoolPolicy. */
export interface PoolPolicyRecord extends ObjectRecord {
  /** Undefined when it is not in force because of its mistakes. */
  readonly policy: PoolPolicy | undefined
  /** The fields of the status beside conditions, as they came. */
  readonly fields: StatusFields
}

type StatusFields = NonNullable<StatusImage['fields']>

/** So that a status stays readable, and below what the API takes, with thousands of namespaces. */
const MOST_NAMESPACES = 100

export function poolPolicyRecord(object: KubeObject): PoolPolicyRecord {
  const { value: policy, mistakes } = decodePoolPolicy(object)
  const { namespaces, omittedNamespaces } = (object['status'] ?? {}) as Readonly<Record<string, unknown>>
  return { ...objectRecord(object, mistakes), policy, fields: { namespaces, omittedNamespaces } }
}

/** What the watch has of the status. */
export function shownPolicyImage({ conditions, fields }: PoolPolicyRecord): StatusImage {
  return { conditions, fields, addresses: [] }
}

/** The status that a policy is to have. `isEveryPoolRead`: a name that no pool has is a mistake. */
export function policyImage(
  record: PoolPolicyRecord,
  current: StatusImage,
  allocation: Outcome,
  isEveryPoolRead: boolean,
  nowMs: number,
): StatusImage {
  const { policy, generation, mistakes } = record
  const { usage, holdings } = allocation
  const missing = policy === undefined || !isEveryPoolRead ? [] : policyMistakes(policy, usage.pools)
  const wanted = [validCondition([...mistakes, ...missing], generation)]
  if (policy !== undefined) wanted.push(respectedCondition(policy, { holdings, usage, asksFor: asksForOf(allocation) }))
  const conditions = mergeConditions(
    current.conditions,
    wanted,
    policy === undefined ? ['balise.io/Respected'] : [],
    nowMs,
  )
  const fields = fieldsOf(policy === undefined ? [] : namespaceUses(policy, usage))
  const known = current.fields
  return { conditions, fields: known !== undefined && isSame(known, fields) ? known : fields, addresses: [] }
}

function asksForOf({ assignments }: Outcome): PolicyWitness['asksFor'] {
  return (key, ip) => {
    const request = assignments.get(key)?.request
    return request?.kind === 'these' && request.addresses.some((wanted) => sameIp(wanted, ip))
  }
}

/** null removes what is empty (RFC 7386). */
function fieldsOf(uses: readonly unknown[]): StatusFields {
  const rest = uses.length - MOST_NAMESPACES
  return {
    namespaces: uses.length === 0 ? null : uses.slice(0, MOST_NAMESPACES),
    omittedNamespaces: rest > 0 ? rest : null,
  }
}

function isSame(a: StatusFields, b: StatusFields): boolean {
  return Object.keys(b).every((key) => isDeepStrictEqual(a[key] ?? null, b[key] ?? null))
}
