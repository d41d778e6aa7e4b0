import { CliError } from '#cli/cli-error.ts'
import type { FoundObject } from '#cli/cmds/migrate/migration.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { IpamObjects } from './cluster.ts'

/** The objects of a cluster after others were applied: what is known to the API server of those that are there already is kept. */
export function applyChange(objects: IpamObjects, found: readonly FoundObject[], nowMs: number): IpamObjects {
  const pools = new Map(objects.pools.map((object) => [keyOf(object), object]))
  const addressPools = new Map(objects.addressPools.map((object) => [keyOf(object), object]))
  const services = new Map(objects.services.map((object) => [keyOf(object), object]))
  for (const { source, object } of found) {
    const { kind, change } = readChange(source, object)
    const target = kind === POOLS.kind ? pools : kind === ADDRESS_POOLS.kind ? addressPools : services
    const key = keyOf(change)
    target.set(key, merge(change, target.get(key), nowMs))
  }
  return {
    ...objects,
    pools: [...pools.values()],
    addressPools: [...addressPools.values()],
    services: [...services.values()],
  }
}

function readChange(source: string, object: unknown): { readonly kind: string; readonly change: KubeObject } {
  const { kind, metadata } = (object ?? {}) as {
    readonly kind?: unknown
    readonly metadata?: { readonly name?: unknown }
  }
  if (kind !== POOLS.kind && kind !== ADDRESS_POOLS.kind && kind !== SERVICES.kind) {
    const what = typeof kind === 'string' ? `a ${kind}` : 'an object without a kind'
    throw new CliError(
      `${source} has ${what}`,
      `name files with objects of kind ${POOLS.kind}, ${ADDRESS_POOLS.kind} and ${SERVICES.kind}`,
    )
  }
  if (typeof metadata?.name !== 'string') throw new CliError(`${source} has no metadata.name`, 'name the object')
  const change = object as KubeObject
  if (kind === POOLS.kind) return { kind, change }
  return {
    kind,
    change: { ...change, metadata: { ...change.metadata, namespace: change.metadata.namespace ?? namespaceOf(kind) } },
  }
}

function namespaceOf(kind: string): string {
  return kind === ADDRESS_POOLS.kind ? METALLB_NAMESPACE : 'default'
}

function keyOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`
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
