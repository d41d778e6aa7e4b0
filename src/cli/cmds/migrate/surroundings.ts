import { type KubeApi, KubeError, type KubeResource } from '#ports/kube-api.ts'
import { L2_POLICIES, NODES, POOLS } from '#ports/kube-resources.ts'
import type { FoundObject } from './migration.ts'

/**
 * What there is in a cluster beside MetalLB: its nodes, and the objects of Cilium's kinds. Of a kind that may not be listed there is nothing;
 * it serves for remarks only.
 */
export async function readSurroundings(api: KubeApi): Promise<readonly FoundObject[]> {
  const lists = await Promise.all([NODES, POOLS, L2_POLICIES].map((resource) => listOf(api, resource)))
  return lists.flat()
}

async function listOf(api: KubeApi, resource: KubeResource): Promise<readonly FoundObject[]> {
  const { group, version, kind } = resource
  const apiVersion = group === '' ? version : `${group}/${version}`
  try {
    const { items } = await api.list(resource, {})
    return items.map((item) => ({ source: 'cluster', object: { ...item, apiVersion, kind } }))
  } catch (error) {
    if (error instanceof KubeError && ['Forbidden', 'NotFound'].includes(error.failure.code)) return []
    throw error
  }
}
