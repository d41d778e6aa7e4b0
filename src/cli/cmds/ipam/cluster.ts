import { ipamInputOf } from '#agents/operator/ipam-plan.ts'
import { poolRecord, serviceRecord } from '#agents/operator/records.ts'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import type { IpamInput } from '#ipam/allocate.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'

/** Pools and Services as they are in the cluster. */
export interface IpamObjects {
  readonly pools: readonly KubeObject[]
  readonly services: readonly KubeObject[]
}

export async function readIpamObjects(outside: Outside): Promise<IpamObjects> {
  const api = await outside.openKube()
  try {
    const [pools, services] = await Promise.all([listOf(api, POOLS), listOf(api, SERVICES)])
    return { pools, services }
  } finally {
    api.close()
  }
}

async function listOf(api: KubeApi, resource: KubeResource): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(resource, {})).items
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause
    const remedy = `use a kubeconfig that may list ${resource.plural}`
    throw new CliError(`The ${resource.plural} of the cluster cannot be listed: ${cause.message}`, remedy, { cause })
  }
}

/** As the operator reads them, with its default settings. */
export function inputOf({ pools, services }: IpamObjects): IpamInput {
  return ipamInputOf(
    pools.map(poolRecord),
    services.flatMap((object) => serviceRecord(object) ?? []),
  )
}
