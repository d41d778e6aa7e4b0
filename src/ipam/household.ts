import type { ServiceKey } from '#model/service.ts'
import { type Incompatibility, incompatibility, incompatibleTerms, portKey, type Tenant } from './sharing.ts'

/** Several Services that have one address. */
export interface Household {
  readonly tenants: Map<ServiceKey, Tenant>
  /** Who has a port, by `portKey`. */
  readonly ports: Map<string, Tenant>
  /** One tenant of each profile: who agrees with these agrees with all, so that a thousand tenants cost no more than one. */
  readonly profiles: Map<string, Tenant>
}

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

/** Undefined when `tenant` may come in; who lives there may stay when it agrees with the others. O(profiles + ports). */
export function clashIn(household: Household, tenant: Tenant): Clash | undefined {
  if (household.tenants.has(tenant.key)) return clashWithOthers(household, tenant)
  for (const other of household.profiles.values()) {
    const reason = incompatibleTerms(tenant, other)
    if (reason !== undefined) return { with: other, reason }
  }
  for (const port of tenant.ports) {
    const other = household.ports.get(portKey(port))
    if (other === undefined) continue
    return { with: other, reason: { code: 'samePort', protocol: port.protocol, port: port.port } }
  }
  return undefined
}

function clashWithOthers({ tenants }: Household, tenant: Tenant): Clash | undefined {
  for (const other of tenants.values()) {
    const clash = clashWith(other, tenant)
    if (clash !== undefined) return clash
  }
  return undefined
}

/** Takes a tenant in without a question: one whose address is still to be seen in its status has it, agreed or not. */
export function moveIn(household: Household, tenant: Tenant): void {
  const { tenants, ports, profiles } = household
  if (tenants.has(tenant.key)) return
  tenants.set(tenant.key, tenant)
  if (!profiles.has(tenant.profile)) profiles.set(tenant.profile, tenant)
  for (const port of tenant.ports) if (!ports.has(portKey(port))) ports.set(portKey(port), tenant)
}
