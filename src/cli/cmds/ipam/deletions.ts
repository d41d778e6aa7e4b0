import { CliError, MisuseError } from '#cli/cli-error.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject, KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'
import type { IpamObjects } from './cluster.ts'

/** What may be deleted, by the names that kubectl knows it by. */
const KINDS: readonly {
  readonly resource: KubeResource
  readonly names: readonly string[]
  readonly list: keyof IpamObjects
  /** Where an object is that is named without a namespace; empty for kinds without one. */
  readonly namespace: string
}[] = [
  { resource: SERVICES, names: ['service', 'svc'], list: 'services', namespace: 'default' },
  {
    resource: POOLS,
    names: ['ciliumloadbalancerippool', 'ippool', 'ippools', 'lbippool', 'lbippools'],
    list: 'pools',
    namespace: '',
  },
  { resource: ADDRESS_POOLS, names: ['ipaddresspool'], list: 'addressPools', namespace: METALLB_NAMESPACE },
  {
    resource: POOL_POLICIES,
    names: ['loadbalancerippoolpolicy', 'ippoolpolicy', 'ippoolpolicies', 'lbpoolpolicy'],
    list: 'policies',
    namespace: '',
  },
]

/** The objects `applied` without those that are named. `before` are those of the cluster: only what is there can be deleted. */
export function applyDeletions(before: IpamObjects, applied: IpamObjects, named: readonly string[]): IpamObjects {
  return named.reduce((objects, name) => without(before, objects, name), applied)
}

function without(before: IpamObjects, objects: IpamObjects, named: string): IpamObjects {
  const { list, key } = readName(named)
  const isIt = (object: KubeObject): boolean => keyOf(object) === key
  const known = before[list].find(isIt)
  if (known === undefined) {
    const others = [...keysOf(before[list])].toSorted().slice(0, 10).join(', ') || 'there is none'
    throw new CliError(`There is no ${named} to delete`, `name one that exists: ${others}`)
  }
  if (objects[list].find(isIt) !== known) {
    throw new CliError(`${named} would be applied and deleted`, 'take it out of the files, or leave out --delete')
  }
  return { ...objects, [list]: objects[list].filter((object) => !isIt(object)) }
}

function readName(named: string): { readonly list: keyof IpamObjects; readonly key: string } {
  const [kind = '', ...rest] = named.split('/')
  const found = KINDS.find(({ resource, names }) => [...names, resource.plural].includes(kind.toLowerCase()))
  const [name = '', ...more] = rest.toReversed()
  const isWhole = name !== '' && more.length <= 1 && (found?.namespace !== '' || more.length === 0)
  if (found === undefined || !isWhole) {
    const kinds = KINDS.map(({ names: [first] }) => first).join(', ')
    throw new MisuseError(
      `${JSON.stringify(named)} names no object`,
      `write kind/name or kind/namespace/name; kinds: ${kinds}`,
    )
  }
  const namespace = found.namespace === '' ? '' : (more[0] ?? found.namespace)
  return { list: found.list, key: namespace === '' ? name : `${namespace}/${name}` }
}

/** `namespace/name`, or `name` where there is no namespace. */
export function keysOf(objects: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(objects.map(keyOf))
}

function keyOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return namespace === '' ? name : `${namespace}/${name}`
}
