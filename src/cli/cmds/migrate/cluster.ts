import { LEGACY_CONFIG, METALLB_GROUP, METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import { CliError } from '#cli/cli-error.ts'
import { unreadable } from '#cli/kube-failure.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, L2_ADVERTISEMENTS, NAMESPACES, SERVICES } from '#ports/kube-resources.ts'
import type { FoundObject } from './migration.ts'

/** Kinds that are only named, in the version in which MetalLB serves them. */
const NAMED_ONLY: readonly KubeResource[] = [
  { version: 'v1beta2', plural: 'bgppeers', kind: 'BGPPeer' },
  { version: 'v1beta1', plural: 'bgpadvertisements', kind: 'BGPAdvertisement' },
  { version: 'v1beta1', plural: 'bfdprofiles', kind: 'BFDProfile' },
  { version: 'v1beta1', plural: 'communities', kind: 'Community' },
  { version: 'v1beta1', plural: 'addresspools', kind: 'AddressPool' },
  { version: 'v1beta1', plural: 'metallbs', kind: 'MetalLB' },
].map((resource) => ({ ...resource, group: METALLB_GROUP, namespaced: true }))

/** The configuration of MetalLB that a cluster has, with the Services and namespaces that it is for. */
export async function readCluster(api: KubeApi): Promise<readonly FoundObject[]> {
  const lists = [ADDRESS_POOLS, L2_ADVERTISEMENTS, ...NAMED_ONLY, NAMESPACES, SERVICES]
  const objects = await Promise.all(lists.map((resource) => listOf(api, resource)))
  return [...objects.flat(), ...(await legacyOf(api))].map((object) => ({ source: 'cluster', object }))
}

/** Nothing where the kind is not served: not every version of MetalLB has all. */
async function listOf(api: KubeApi, resource: KubeResource): Promise<readonly KubeObject[]> {
  const { group, version, kind } = resource
  const apiVersion = group === '' ? version : `${group}/${version}`
  try {
    const { items } = await api.list(resource, {})
    return items.map((item) => ({ ...item, apiVersion, kind }))
  } catch (error) {
    return nothingIfAbsent(error, resource)
  }
}

async function legacyOf(api: KubeApi): Promise<readonly KubeObject[]> {
  try {
    const object = await api.get(CONFIG_MAPS, { name: LEGACY_CONFIG.name, namespace: METALLB_NAMESPACE })
    return [{ ...object, apiVersion: 'v1', kind: 'ConfigMap' }]
  } catch (error) {
    return nothingIfAbsent(error, CONFIG_MAPS)
  }
}

function nothingIfAbsent(error: unknown, resource: KubeResource): readonly KubeObject[] {
  if (!(error instanceof KubeError)) throw error
  if (error.failure.code === 'NotFound') return []
  const { message, remedy } = unreadable(resource, error)
  const withoutCluster = 'or write the configuration to a file and name it with -f'
  throw new CliError(message, `${remedy}\n${withoutCluster}`, { cause: error })
}
