import type { KubeResource } from './kube-api.ts'
import {
  ADDRESS_POOLS,
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  L2_ADVERTISEMENTS,
  L2_POLICIES,
  LEASES,
  NAMESPACES,
  NODES,
  POOL_POLICIES,
  POOLS,
  SERVICE_L2_STATUSES,
  SERVICES,
} from './kube-resources.ts'
import type { ResourceRules } from './kube-store.fake.ts'

export interface FakeResource extends ResourceRules {
  readonly resource: KubeResource
}

/** The resources that Balise uses, with the rules that the real server has for them. */
export const FAKE_RESOURCES: readonly FakeResource[] = [
  { resource: SERVICES, hasStatus: true, hasGeneration: false },
  { resource: NODES, hasStatus: true, hasGeneration: false },
  { resource: EVENTS, hasStatus: false, hasGeneration: false },
  { resource: DEPLOYMENTS, hasStatus: true, hasGeneration: true },
  { resource: ENDPOINT_SLICES, hasStatus: false, hasGeneration: true },
  { resource: LEASES, hasStatus: false, hasGeneration: false },
  { resource: POOLS, hasStatus: true, hasGeneration: true },
  { resource: POOL_POLICIES, hasStatus: true, hasGeneration: true },
  { resource: L2_POLICIES, hasStatus: true, hasGeneration: true },
  { resource: NAMESPACES, hasStatus: true, hasGeneration: false },
  { resource: CONFIG_MAPS, hasStatus: false, hasGeneration: false },
  { resource: DAEMON_SETS, hasStatus: true, hasGeneration: true },
  { resource: ADDRESS_POOLS, hasStatus: true, hasGeneration: true },
  { resource: L2_ADVERTISEMENTS, hasStatus: true, hasGeneration: true },
  { resource: SERVICE_L2_STATUSES, hasStatus: true, hasGeneration: true },
]
