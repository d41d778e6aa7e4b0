import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { NODES } from '#ports/kube-resources.ts'
import type { FoundObject } from './migration.ts'

/** The nodes of a cluster; none for who may not list them: they serve for one remark only. */
export async function readNodes(api: KubeApi): Promise<readonly FoundObject[]> {
  try {
    const { items } = await api.list(NODES, {})
    return items.map((item) => ({ source: 'cluster', object: { ...item, apiVersion: 'v1', kind: 'Node' } }))
  } catch (error) {
    if (error instanceof KubeError && ['Forbidden', 'NotFound'].includes(error.failure.code)) return []
    throw error
  }
}
