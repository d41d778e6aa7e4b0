import { CliError } from '#cli/cli-error.ts'
import type { FoundObject } from '#cli/cmds/migrate/migration.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { IpamObjects } from './cluster.ts'

/** The objects of a cluster after others were applied: what is known to the API server of those that are there already is kept. */
export function applyChange(objects: IpamObjects, found: readonly FoundObject[], nowMs: number): IpamObjects {
  const kinds = new Map(
    KINDS.map(({ kind, list }) => [kind, new Map(objects[list].map((object) => [keyOf(object), object]))]),
  )
  for (const { source, object } of found) {
    const { kind, change } = readChange(source, object)
    const target = kinds.get(kind)
    const before = target?.get(keyOf(change))
    const merged = merge(change, before, nowMs)
    target?.set(keyOf(change), kind === SERVICES.kind ? withFamilies(merged, before, objects) : merged)
  }
  const changed = KINDS.map(({ kind, list }) => [list, [...(kinds.get(kind)?.values() ?? [])]] as const)
  return { ...objects, ...Object.fromEntries(changed) }
}

/** What a change may have, where it is among the objects, and the namespace that it is in when it says none. */
const KINDS: readonly { readonly kind: string; readonly list: keyof IpamObjects; readonly namespace: string }[] = [
  { kind: POOLS.kind, list: 'pools', namespace: '' },
  { kind: ADDRESS_POOLS.kind, list: 'addressPools', namespace: METALLB_NAMESPACE },
  { kind: POOL_POLICIES.kind, list: 'policies', namespace: '' },
  { kind: SERVICES.kind, list: 'services', namespace: 'default' },
]

function readChange(source: string, object: unknown): { readonly kind: string; readonly change: KubeObject } {
  const { kind, metadata } = (object ?? {}) as {
    readonly kind?: unknown
    readonly metadata?: { readonly name?: unknown }
  }
  const known = KINDS.find((one) => one.kind === kind)
  if (known === undefined) {
    const what = typeof kind === 'string' ? `a ${kind}` : 'an object without a kind'
    throw new CliError(
      `${source} has ${what}`,
      `name files with objects of kind ${KINDS.map((one) => one.kind).join(', ')}`,
    )
  }
  if (typeof metadata?.name !== 'string') throw new CliError(`${source} has no metadata.name`, 'name the object')
  const change = object as KubeObject
  if (known.namespace === '') return { kind: known.kind, change }
  const namespace = change.metadata.namespace ?? known.namespace
  return { kind: known.kind, change: { ...change, metadata: { ...change.metadata, namespace } } }
}

function keyOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`
}

/** What the API server fills in where a Service says nothing, and leaves as it is where a change says nothing. */
const FAMILY_FIELDS = ['ipFamilies', 'ipFamilyPolicy', 'clusterIP', 'clusterIPs']

/**
 * With the fields that tell the families of a Service, as the API server fills them in: those of the Service that is there already; of a new one
 * the first family of the cluster, which its Service `kubernetes` tells.
 */
function withFamilies(service: KubeObject, before: KubeObject | undefined, { services }: IpamObjects): KubeObject {
  const known = specOf(before)
  const [primary] = familiesOf(specOf(services.find((one) => keyOf(one) === 'default/kubernetes')))
  const filled =
    before === undefined
      ? { ipFamilies: primary === undefined ? [] : [primary] }
      : Object.fromEntries(FAMILY_FIELDS.flatMap((key) => (Object.hasOwn(known, key) ? [[key, known[key]]] : [])))
  const spec: Readonly<Record<string, unknown>> = { ...filled, ...specOf(service) }
  const [first, ...others] = familiesOf(spec)
  const isDual = services.some((one) => familiesOf(specOf(one)).length > 1)
  if (spec['ipFamilyPolicy'] !== 'PreferDualStack' || first === undefined || others.length > 0 || !isDual) {
    return { ...service, spec }
  }
  return { ...service, spec: { ...spec, ipFamilies: [first, first === 'IPv4' ? 'IPv6' : 'IPv4'] } }
}

function familiesOf(spec: Readonly<Record<string, unknown>>): readonly unknown[] {
  const families = spec['ipFamilies']
  return Array.isArray(families) ? families : []
}

function specOf(service: KubeObject | undefined): Readonly<Record<string, unknown>> {
  const spec = service?.['spec']
  return typeof spec === 'object' && spec !== null ? (spec as Readonly<Record<string, unknown>>) : {}
}

function merge(change: KubeObject, before: KubeObject | undefined, nowMs: number): KubeObject {
  const created = { creationTimestamp: new Date(nowMs).toISOString() }
  if (before === undefined) return { ...change, metadata: { ...created, ...change.metadata } }
  const { uid, resourceVersion, creationTimestamp } = before.metadata as KubeObject['metadata'] & {
    readonly creationTimestamp?: string
  }
  const kept = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
  }
  return { ...change, metadata: { ...change.metadata, ...kept }, status: before['status'] }
}
