import type { L2Advertisement } from '#model/l2-advertisement.ts'
import { type L2Policy, policyOfAdvertisement, policyTitle } from '#model/l2-policy.ts'
import { formatIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { type Pool, poolKey } from '#model/pool.ts'

/** What decides, beside Services and the state of nodes, who may answer for which address. */
export interface L2Rules {
  /** Of both dialects. An address is announced where any of them says so. */
  readonly policies: readonly L2Policy[]
  /** Pools of MetalLB's dialect: an address of one that no L2Advertisement is about can be told from others. */
  readonly addressPools: readonly Pool[]
  /**
   * Names of nodes by their own addresses, as the Node objects have them. The kernel of the node itself answers for these, and nobody else
   * may.
   */
  readonly nodeAddresses: ReadonlyMap<string, string>
}

export const NO_RULES: L2Rules = { policies: [], addressPools: [], nodeAddresses: new Map() }

/** A ConfigMap of MetalLB up to 0.12. */
export interface LegacyPools {
  readonly namespace: string
  readonly pools: readonly Pool[]
  /** Names of those that have `protocol: layer2`. */
  readonly layer2: readonly string[]
  /** A part of it could not be read. */
  readonly isBroken: boolean
  /** Nothing of it could, so not even the names of its pools are known. */
  readonly isUnreadable: boolean
}

/** What is known of MetalLB's objects. */
export interface MetallbObjects {
  /** IPAddressPools. */
  readonly pools: readonly Pool[]
  /** Of those that could not be read in full, by `poolKey`. */
  readonly brokenPools: ReadonlySet<string>
  readonly advertisements: readonly L2Advertisement[]
  readonly legacy: readonly LegacyPools[]
}

/** Pools as they were read, as `MetallbObjects` has them. */
export function announcedPools(
  readings: Iterable<{ readonly pool: Pool; readonly isBroken: boolean }>,
): Pick<MetallbObjects, 'pools' | 'brokenPools'> {
  const all = [...readings]
  const broken = all.filter(({ isBroken }) => isBroken)
  return { pools: all.map(({ pool }) => pool), brokenPools: new Set(broken.map(({ pool }) => poolKey(pool))) }
}

export interface RuleObjects {
  /** CiliumL2AnnouncementPolicies. */
  readonly policies: readonly L2Policy[]
  /** Undefined where MetalLB's dialect is switched off. */
  readonly metallb: MetallbObjects | undefined
  readonly nodes: Iterable<Node>
}

const ALL: readonly never[] = []

/**
 * The rules of all objects. A pool of the ConfigMap whose name an IPAddressPool has as well is not in force; those that are in force are
 * announced as their `protocol: layer2` says, with no L2Advertisement at all.
 */
export function rulesOf({ policies, metallb, nodes }: RuleObjects): L2Rules {
  const nodeAddresses = addressesOf(nodes)
  if (metallb === undefined) return { policies, addressPools: [], nodeAddresses }
  const own = new Set(metallb.pools.map(poolKey))
  const legacy = metallb.legacy.map((config) => ({
    ...config,
    pools: config.pools.filter((pool) => !own.has(poolKey(pool))),
  }))
  const addressPools = [...metallb.pools, ...legacy.flatMap(({ pools }) => pools)]
  return {
    policies: [
      ...policies,
      ...metallb.advertisements.map((advertisement) =>
        policyOfAdvertisement(advertisement, addressPools, metallb.brokenPools),
      ),
      ...legacy.flatMap((config) => legacyPolicies(config, metallb.pools)),
    ],
    addressPools,
    nodeAddresses,
  }
}

function legacyPolicies(
  { namespace, pools, layer2, isBroken, isUnreadable }: LegacyPools,
  own: readonly Pool[],
): readonly L2Policy[] {
  const announced = pools.filter(({ name }) => layer2.includes(name))
  if (announced.length === 0 && !isUnreadable) return []
  return [
    {
      kind: 'ConfigMap',
      name: 'config',
      namespace,
      generation: 0,
      serviceSelectors: ALL,
      nodeSelectors: ALL,
      interfaces: ALL,
      externalIps: false,
      loadBalancerIps: true,
      pools: announced,
      brokenPools: isBroken ? announced.map(({ name }) => name) : [],
      ...(isUnreadable ? { allPoolsBut: own.map(({ name }) => name) } : {}),
    },
  ]
}

function addressesOf(nodes: Iterable<Node>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name, internalIps, externalIps } of nodes) {
    for (const ip of [...internalIps, ...externalIps]) names.set(formatIp(ip), name)
  }
  return names
}

/** Whether two readings of the rules say the same. */
export function sameRules(a: L2Rules, b: L2Rules): boolean {
  return (
    sameList(a.policies, b.policies, samePolicy) &&
    sameList(a.addressPools, b.addressPools, samePool) &&
    sameList([...a.nodeAddresses], [...b.nodeAddresses], (one, other) => one.join() === other.join())
  )
}

/** Selectors of an unchanged object are the very same lists. */
function samePolicy(a: L2Policy, b: L2Policy): boolean {
  if (a === b) return true
  return (
    policyTitle(a) === policyTitle(b) &&
    a.generation === b.generation &&
    a.serviceSelectors === b.serviceSelectors &&
    a.nodeSelectors === b.nodeSelectors &&
    a.interfaces === b.interfaces &&
    sameList(a.pools ?? [], b.pools ?? [], samePool) &&
    a.brokenPools.join() === b.brokenPools.join() &&
    a.allPoolsBut?.join() === b.allPoolsBut?.join()
  )
}

/** The spec of an object of the API is the same while its generation is; the one of a ConfigMap has none. Labels have none either. */
function samePool(a: Pool, b: Pool): boolean {
  if (a === b) return true
  return (
    poolKey(a) === poolKey(b) &&
    a.generation > 0 &&
    a.generation === b.generation &&
    a.creationTimestampMs === b.creationTimestampMs &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  )
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index]
      return other !== undefined && same(one, other)
    })
  )
}
