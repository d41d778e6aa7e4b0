import type { ServiceKey } from '#model/service.ts'
import { compareText } from './conflicts.ts'
import { createOrdered, drop, entries, first, type Ordered, put } from './ordered.ts'
import { type Incompatibility, incompatibility, incompatibleTerms, portKey, type Tenant } from './sharing.ts'

/** Several Services that have one address. What it answers hangs on who is in it, not on the order in which they came. */
export interface Household {
  readonly tenants: Map<ServiceKey, Tenant>
  /** Who has a port, by `portKey`: one, or several that do not agree and came in all the same. */
  readonly ports: Map<string, Tenants>
  /** Tenants by their profile: who agrees with one of them agrees with all, so that a thousand cost no more than one. */
  readonly profiles: Map<string, Tenants>
}

type Tenants = Ordered<ServiceKey, Tenant>

/** What stands between a Service and an address that another has. */
export interface Clash {
  readonly with: Tenant
  readonly reason: Incompatibility
}

/** What one tenant says to another that wants to come in; undefined when it may. */
export function clashWith(other: Tenant, tenant: Tenant): Clash | undefined {
  const reason = other.key === tenant.key ? undefined : incompatibility(tenant, other)
  return reason === undefined ? undefined : { with: other, reason }
}

export function createHousehold(): Household {
  return { tenants: new Map(), ports: new Map(), profiles: new Map() }
}

/**
 * Undefined when `tenant` may come in; who lives there may stay when it agrees with the others. Told is who comes first by key, of those
 * that do not agree for another reason than ports before those. O(profiles + ports).
 */
export function clashIn(household: Household, tenant: Tenant): Clash | undefined {
  let clash: Clash | undefined
  for (const others of household.profiles.values()) {
    const other = firstBeside(others, tenant)
    if (other === undefined || (clash !== undefined && clash.with.key < other.key)) continue
    const reason = incompatibleTerms(tenant, other)
    if (reason !== undefined) clash = { with: other, reason }
  }
  return clash ?? portClash(household, tenant)
}

function portClash({ ports }: Household, tenant: Tenant): Clash | undefined {
  for (const port of tenant.ports) {
    const others = ports.get(portKey(port))
    const other = others === undefined ? undefined : firstBeside(others, tenant)
    if (other === undefined) continue
    return { with: other, reason: { code: 'samePort', protocol: port.protocol, port: port.port } }
  }
  return undefined
}

function firstBeside(tenants: Tenants, { key }: Tenant): Tenant | undefined {
  const least = first(tenants)?.value
  if (least?.key !== key || tenants.size === 1) return least?.key === key ? undefined : least
  for (const { value } of entries(tenants)) if (value.key !== key) return value
  return undefined
}

/** Takes a tenant in without a question: one whose address is still to be seen in its status has it, agreed or not. */
export function moveIn({ tenants, ports, profiles }: Household, tenant: Tenant): void {
  if (tenants.has(tenant.key)) return
  tenants.set(tenant.key, tenant)
  addTo(profiles, tenant.profile, tenant)
  for (const port of tenant.ports) addTo(ports, portKey(port), tenant)
}

/** The inverse of `moveIn`, for the very tenant that moved in. */
export function moveOut({ tenants, ports, profiles }: Household, tenant: Tenant): void {
  if (!tenants.delete(tenant.key)) return
  takeFrom(profiles, tenant.profile, tenant)
  for (const port of tenant.ports) takeFrom(ports, portKey(port), tenant)
}

function addTo(groups: Map<string, Tenants>, key: string, tenant: Tenant): void {
  const group = groups.get(key) ?? createOrdered<ServiceKey, Tenant>(compareText)
  put(group, tenant.key, tenant)
  groups.set(key, group)
}

function takeFrom(groups: Map<string, Tenants>, key: string, tenant: Tenant): void {
  const group = groups.get(key)
  if (group === undefined) return
  drop(group, tenant.key)
  if (group.size === 0) groups.delete(key)
}
