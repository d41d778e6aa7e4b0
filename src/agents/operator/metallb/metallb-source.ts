import { announcedPools, type MetallbObjects } from '#l2/rules.ts'
import type { Mistake } from '#model/condition.ts'
import { poolKey } from '#model/pool.ts'
import type { Informer } from '#runtime/informer.ts'
import type { AddressPoolRecord, AdvertisementRecord, LegacyRecord } from './metallb-records.ts'
import type { PoolRecord } from '#agents/operator/records.ts'

/** What MetalLB's dialect is read from. */
export interface MetallbSources {
  readonly addressPools: Informer<AddressPoolRecord>
  readonly advertisements: Informer<AdvertisementRecord>
  readonly legacyConfig: Informer<LegacyRecord>
}

/** The pools of MetalLB's dialect at one moment. */
export interface MetallbLook {
  readonly pools: readonly PoolRecord[]
}

/** Of a cluster in which the dialect is switched off. */
export const NO_METALLB: MetallbLook = { pools: [] }

/** What of it counts for announcing. */
export function metallbObjects({ addressPools, advertisements, legacyConfig }: MetallbSources): MetallbObjects {
  return {
    ...announcedPools([...addressPools.items().values()].flatMap(({ announced }) => announced ?? [])),
    advertisements: [...advertisements.items().values()].flatMap(({ advertisement }) => advertisement ?? []),
    legacy: [...legacyConfig.items().values()],
  }
}

/** Undefined while not everything is listed: what is not known yet must not look deleted. */
export function lookAtMetallb(sources: MetallbSources | undefined): MetallbLook | undefined {
  if (sources === undefined) return NO_METALLB
  const { addressPools, legacyConfig } = sources
  if (![addressPools, legacyConfig].every((informer) => informer.status().synced)) return undefined
  return metallbLook(addressPools.items(), legacyConfig.items().values())
}

/** `own` are the IPAddressPools, by `poolKey`. */
export function metallbLook(own: ReadonlyMap<string, PoolRecord>, legacyConfigs: Iterable<LegacyRecord>): MetallbLook {
  const legacy = [...legacyConfigs].flatMap((record) => legacyPools(record, own))
  return { pools: [...own.values(), ...legacy] }
}

/** Of two pools of one name that of the kind of today is in force. */
export function shadowedMistakes({ pools }: LegacyRecord, own: ReadonlyMap<string, unknown>): readonly Mistake[] {
  return pools
    .filter((pool) => own.has(poolKey(pool)))
    .map(({ name }) => ({
      path: 'data.config.address-pools',
      value: name,
      problem: 'is the name of an IPAddressPool as well, which is in force',
      remedy: 'remove the pool from the ConfigMap',
    }))
}

/** Its pools, and one more that gives out nothing if it has mistakes. */
function legacyPools(record: LegacyRecord, own: ReadonlyMap<string, unknown>): readonly PoolRecord[] {
  const { pools, mistakes } = record
  const good = pools
    .filter((pool) => !own.has(poolKey(pool)))
    .map((pool) => ({ ...record, name: pool.name, pool, mistakes: [] }))
  return mistakes.length === 0 ? good : [...good, { ...record, pool: undefined }]
}
