import { type AnnouncedPool, decodeAddressPool, readAnnouncedPool } from '#crd/metallb/address-pool.ts'
import { decodeL2Advertisement } from '#crd/metallb/l2-advertisement.ts'
import type { NotTakenOver } from '#crd/metallb/legacy-config.ts'
import { legacyPools, readLegacyConfig } from '#agents/legacy-config.ts'
import type { LegacyPools } from '#l2/rules.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { type ObjectRecord, objectRecord, type PoolRecord } from '#agents/operator/records.ts'

/** An IPAddressPool of MetalLB. */
export interface AddressPoolRecord extends PoolRecord {
  /** Undefined for something without a name. */
  readonly announced: AnnouncedPool | undefined
  /** As it came. */
  readonly status: unknown
}

/** An L2Advertisement of MetalLB. */
export interface AdvertisementRecord extends ObjectRecord {
  /** Undefined when it announces nothing because of its mistakes. */
  readonly advertisement: L2Advertisement | undefined
}

/** The ConfigMap that configured MetalLB up to 0.12. */
export interface LegacyRecord extends ObjectRecord, LegacyPools {
  readonly notTakenOver: readonly NotTakenOver[]
}

export function addressPoolRecord(object: KubeObject): AddressPoolRecord {
  const { value: pool, mistakes } = decodeAddressPool(object)
  const announced = pool === undefined ? readAnnouncedPool(object) : { pool, isBroken: mistakes.length > 0 }
  return { ...objectRecord(object, mistakes), pool, announced, status: object['status'] }
}

/** Undefined for a ConfigMap without a configuration in it. */
export function legacyRecord(object: KubeObject): LegacyRecord | undefined {
  const read = readLegacyConfig(object)
  if (read === undefined) return undefined
  const { value, mistakes } = read
  return {
    ...objectRecord(object, mistakes),
    ...legacyPools(object, read),
    notTakenOver: value?.notTakenOver ?? [],
  }
}

export function advertisementRecord(object: KubeObject): AdvertisementRecord {
  const { value: advertisement, mistakes } = decodeL2Advertisement(object)
  return { ...objectRecord(object, mistakes), advertisement }
}
