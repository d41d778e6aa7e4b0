import { poolPolicyRecord } from '#agents/operator/ipam/pool-policies.ts'
import { ipamInputOf } from '#agents/operator/ipam/ipam-plan.ts'
import { addressPoolRecord, legacyRecord } from '#agents/operator/metallb/metallb-records.ts'
import { metallbLook } from '#agents/operator/metallb/metallb-source.ts'
import { poolRecord, serviceRecord } from '#agents/operator/records.ts'
import type { Lists, Outside } from '#cli/command.ts'
import { unreadable } from '#cli/kube-failure.ts'
import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import type { IpamInput } from '#ipam/allocate.ts'
import { poolKey } from '#model/pool.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource, type ListOptions } from '#ports/kube-api.ts'
import { type OperatorView, readOperatorView } from './operator-settings.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, NAMESPACES, POOL_POLICIES, POOLS, SERVICES } from '#ports/kube-resources.ts'

/** Pools and Services as they are in the cluster. */
export interface IpamObjects {
  readonly pools: readonly KubeObject[]
  readonly services: readonly KubeObject[]
  /** Pools of MetalLB, its ConfigMap of old, and the namespaces that it selects by. */
  readonly addressPools: readonly KubeObject[]
  readonly legacyConfigs: readonly KubeObject[]
  readonly namespaces: readonly KubeObject[]
  readonly policies: readonly KubeObject[]
}

/** What addresses are given out by: objects, and the operator's settings. */
export interface IpamCluster {
  readonly objects: IpamObjects
  readonly operator: OperatorView
}

export async function readIpamCluster(outside: Outside, flags: Lists): Promise<IpamCluster> {
  const api = await outside.openKube()
  try {
    const operator = await readOperatorView(api, flags)
    const namespace = operator.metallbNamespace
    const legacy = { fieldSelector: `metadata.name=${LEGACY_CONFIG.name}` }
    const [pools, services, addressPools, legacyConfigs, namespaces, policies] = await Promise.all([
      listOf(api, POOLS),
      listOf(api, SERVICES),
      namespace === undefined ? [] : listOf(api, ADDRESS_POOLS, { namespace }),
      namespace === undefined ? [] : listOf(api, CONFIG_MAPS, { namespace, ...legacy }),
      listOf(api, NAMESPACES),
      listOf(api, POOL_POLICIES),
    ])
    return { operator, objects: { pools, services, addressPools, legacyConfigs, namespaces, policies } }
  } finally {
    api.close()
  }
}

async function listOf(api: KubeApi, resource: KubeResource, options: ListOptions = {}): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(resource, options)).items
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause
    // A cluster need not have the kinds of MetalLB, nor one of Balise that is newer than its installation.
    if ((resource === ADDRESS_POOLS || resource === POOL_POLICIES) && cause.failure.code === 'NotFound') return []
    throw unreadable(resource, cause)
  }
}

/** As the operator reads them that has just started. */
export function inputOf({ objects, operator }: IpamCluster): IpamInput {
  const { pools, services, addressPools, legacyConfigs, namespaces, policies } = objects
  const metallb = metallbLook(
    new Map(addressPools.map((object) => [poolKey({ namespace: '', ...object.metadata }), addressPoolRecord(object)])),
    legacyConfigs.flatMap((object) => legacyRecord(object) ?? []),
  )
  return ipamInputOf(
    pools.map(poolRecord),
    services.flatMap((object) => serviceRecord(object) ?? []),
    {
      settings: operator.ipam,
      metallb,
      policies: policies.map(poolPolicyRecord),
      namespaces: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    },
  )
}
