import { type Ip, parseIp } from '#model/ip.ts'
import type { Informer } from '#runtime/informer.ts'
import type { ServiceRecord } from './records.ts'

/** Which Services have an address: in their status, or among their external IPs. */
export interface ServicesByAddress {
  /** Keys of the Services that have one of these, and maybe of others, as the watch shows them at this moment. */
  keysWith(addresses: Iterable<string>): ReadonlySet<string>
}

/** It follows the Services when it is asked, so that a change costs what it concerns. */
export function createServicesByAddress(
  services: Pick<Informer<ServiceRecord>, 'items' | 'keyChanges'>,
): ServicesByAddress {
  const changes = services.keyChanges()
  const addressesOf = new Map<string, readonly Ip[]>()
  /** By the number alone: that an IPv4 and an IPv6 address have one costs a look too many. */
  const keysOf = new Map<bigint, readonly string[]>()
  const follow = (key: string): void => {
    for (const { value } of addressesOf.get(key) ?? []) {
      const rest = (keysOf.get(value) ?? []).filter((other) => other !== key)
      if (rest.length === 0) keysOf.delete(value)
      else keysOf.set(value, rest)
    }
    const addresses = addressesIn(services.items().get(key))
    for (const { value } of addresses) keysOf.set(value, [...(keysOf.get(value) ?? []), key])
    if (addresses.length === 0) addressesOf.delete(key)
    else addressesOf.set(key, addresses)
  }
  return {
    keysWith(addresses) {
      for (const key of changes.take()) follow(key)
      const ips = Array.from(addresses, parseIp).flatMap((read) => (read.ok ? [read.value] : []))
      return new Set(ips.flatMap(({ value }) => keysOf.get(value) ?? []))
    },
  }
}

function addressesIn(record: ServiceRecord | undefined): readonly Ip[] {
  if (record === undefined) return []
  const { ingressIps, externalIps } = record.service
  return externalIps.length === 0 ? ingressIps : [...ingressIps, ...externalIps]
}
