import { METALLB_GROUP } from '#crd/metallb/kinds.ts'
import type { FoundObject } from './migration.ts'

export type SortName =
  | 'pools'
  | 'advertisements'
  | 'otherKinds'
  | 'configMaps'
  | 'namespaces'
  | 'nodes'
  | 'services'
  | 'existing'
  | 'strangers'

export interface Sorted extends FoundObject {
  readonly kind: string
  /** `IPAddressPool metallb-system/blue` */
  readonly subject: string
}

/** The objects of a configuration by what is to be done with them. */
export function sortObjects(objects: readonly FoundObject[]): Readonly<Record<SortName, readonly Sorted[]>> {
  const sorted: Record<SortName, Sorted[]> = {
    pools: [],
    advertisements: [],
    otherKinds: [],
    configMaps: [],
    namespaces: [],
    nodes: [],
    services: [],
    existing: [],
    strangers: [],
  }
  for (const { source, object } of objects) {
    const kind = textIn(object, 'kind')
    const metadata = fieldIn(object, 'metadata')
    const names = [textIn(metadata, 'namespace'), textIn(metadata, 'name')].filter((name) => name !== '')
    const subject = [kind || 'Object without a kind', names.join('/')].filter((part) => part !== '').join(' ')
    sorted[sortOf(object, kind)].push({ source, object, kind, subject })
  }
  return sorted
}

const BY_KIND: Readonly<Record<string, SortName>> = {
  'metallb.io IPAddressPool': 'pools',
  'metallb.io L2Advertisement': 'advertisements',
  ' ConfigMap': 'configMaps',
  ' Namespace': 'namespaces',
  ' Node': 'nodes',
  ' Service': 'services',
  'cilium.io CiliumLoadBalancerIPPool': 'existing',
  'cilium.io CiliumL2AnnouncementPolicy': 'existing',
}

function sortOf(object: unknown, kind: string): SortName {
  const apiVersion = textIn(object, 'apiVersion')
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  const key = `${group} ${kind}`
  const known = Object.hasOwn(BY_KIND, key) ? BY_KIND[key] : undefined
  return known ?? (group === METALLB_GROUP ? 'otherKinds' : 'strangers')
}

export function fieldIn(object: unknown, key: string): unknown {
  const isRecord = typeof object === 'object' && object !== null
  return isRecord && Object.hasOwn(object, key) ? (object as Readonly<Record<string, unknown>>)[key] : undefined
}

export function textIn(object: unknown, key: string): string {
  const value = fieldIn(object, key)
  return typeof value === 'string' ? value : ''
}
