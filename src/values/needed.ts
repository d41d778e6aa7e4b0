import { isMap } from './presence.ts'
import type { Json } from './row.ts'

/**
 * Values with a default of ours without which nothing could be installed. Helm takes a default away where a file has null, for the value or
 * for a branch that holds it.
 */
export const NEEDED: readonly string[] = [
  'metallb.enabled',
  'metallb.namespace',
  'logLevel',
  'debug.enabled',
  'l2announcements.enabled',
  'enableLBIPAM',
  'defaultLBServiceIPAM',
  'nodeIPAM.enabled',
  'cni.confPath',
  'cni.binPath',
  'ipMasqAgent.enabled',
  'rbac.create',
  'serviceAccounts.cilium.create',
  'serviceAccounts.operator.create',
  'image.repository',
  'image.pullPolicy',
  'bpf.root',
  'cgroup.hostRoot',
  'terminationGracePeriodSeconds',
  'healthPort',
  'startupProbe.failureThreshold',
  'startupProbe.periodSeconds',
  'livenessProbe.failureThreshold',
  'livenessProbe.periodSeconds',
  'readinessProbe.failureThreshold',
  'readinessProbe.periodSeconds',
  'securityContext.privileged',
  'securityContext.allowPrivilegeEscalation',
  'securityContext.capabilities.ciliumAgent',
  'operator.replicas',
  'operator.healthPort',
]

export const NEEDED_WHY = 'it takes the default away, and something must be there'
export const NEEDED_INSTEAD = 'remove it'

/** Those that the values take away by a null. */
export function takenAway(values: Json): readonly string[] {
  return NEEDED.filter((key) => {
    let value: Json | undefined = values
    for (const segment of key.split('.')) value = isMap(value) ? value[segment] : value === null ? null : undefined
    return value === null
  })
}
