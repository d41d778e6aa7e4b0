import { decodeAddressPool } from '#crd/metallb/address-pool.ts'
import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import { decodeLegacyConfig, type NotTakenOver } from '#crd/metallb/legacy-config.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { Mistake } from '#model/condition.ts'
import type { Pool } from '#model/pool.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { type ObjectRecord, objectRecord, type PoolRecord } from './records.ts'

/** An IPAddressPool of MetalLB. */
export interface AddressPoolRecord extends PoolRecord {
  /** As it came. */
  readonly status: unknown
}

/** The ConfigMap that configured MetalLB up to 0.12. */
export interface LegacyRecord extends ObjectRecord {
  readonly pools: readonly Pool[]
  readonly notTakenOver: readonly NotTakenOver[]
}

export function addressPoolRecord(object: KubeObject): AddressPoolRecord {
  const { value: pool, mistakes } = decodeAddressPool(object)
  return { ...objectRecord(object, mistakes), pool, status: object['status'] }
}

/** Undefined for a ConfigMap without a configuration in it. */
export function legacyRecord(object: KubeObject): LegacyRecord | undefined {
  const text = (object['data'] as Readonly<Record<string, unknown>> | undefined)?.[LEGACY_CONFIG.key]
  if (typeof text !== 'string') return undefined
  const [document, ...more] = parseYaml(text)
  const problem = document?.ok === false ? document.error.problem : more.length > 0 ? 'has more than one document' : ''
  if (problem !== '') {
    return { ...objectRecord(object, [unreadable(problem)]), pools: [], notTakenOver: [] }
  }
  const { value, mistakes } = decodeLegacyConfig(object, document?.ok === true ? document.value : undefined)
  const pools = value?.pools.map(({ pool }) => pool) ?? []
  return { ...objectRecord(object, mistakes), pools, notTakenOver: value?.notTakenOver ?? [] }
}

function unreadable(problem: string): Mistake {
  return { path: `data.${LEGACY_CONFIG.key}`, value: '', problem, remedy: 'write one document of YAML' }
}
