import { formatIp, type Ip } from '#model/ip.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import type { NodeView } from './candidates.ts'
import { claimsOf } from './claims.ts'
import type { L2Rules } from './rules.ts'

/** The value of the label `balise.io/kind` of a mirror Lease. */
export const LEASE_KIND_MIRROR = 'l2announce'
/** The annotations of a mirror Lease: `namespace/name` of its Service, and each address with the node that answers for it, as JSON. */
export const MIRROR_SERVICE_ANNOTATION = 'balise.io/service'
export const MIRROR_HOLDERS_ANNOTATION = 'balise.io/holders'

/**
 * What a Lease says about a Service for people and tools, in the place where Cilium's agents keep the Lease that they elect by. Nothing is
 * decided by it.
 */
export interface Mirror {
  readonly service: ServiceKey
  /** Node that answers for the first of its addresses; a Lease has room for one, the others are in `holders`. */
  readonly holder: string
  /** Since when, by that node's clock, in milliseconds since 1970. */
  readonly sinceMs: number
  /** Node by address, as text; in the order of the Service. */
  readonly holders: readonly (readonly [address: string, node: string])[]
}

/**
 * What is to be mirrored of Services whose mirrors have one name; of nearly every name there is one Service. Two such are `a/b-c` and `a-b/c`:
 * the one that a node answers for has the mirror, of two such the first by key.
 */
export interface Mirrors {
  /** Undefined when no node answers for any of them. */
  mirrorOf(services: readonly Service[]): Mirror | undefined
  /** Whether a node should answer for one of them, though at this moment none may: during a takeover, for one. */
  isAwaited(services: readonly Service[]): boolean
}

const NAME_BEGIN = 'cilium-l2announce-'

/** At most 146 characters: a namespace and a Service's name have no more than 63 each, and a Lease's may have 253. */
export function mirrorName({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${NAME_BEGIN}${namespace}-${name}`
}

/** The keys that Services may have whose mirror has this name. */
export function keysOfMirror(name: string): readonly ServiceKey[] {
  if (!name.startsWith(NAME_BEGIN)) return []
  const rest = name.slice(NAME_BEGIN.length)
  const dashes = Array.from(rest.matchAll(/-/g), ({ index }) => index)
  return dashes.map((index) => serviceKey({ namespace: rest.slice(0, index), name: rest.slice(index + 1) }))
}

/** `nodes` and `rules` as one moment's view; it is looked up for thousands of Services. */
export function createMirrors(nodes: readonly NodeView[], rules: L2Rules): Mirrors {
  const holdings = holdingsByAddress(nodes)
  return {
    mirrorOf(services) {
      const [first, ...rivals] = services
        .map((service) => mirrorOf(service, holdings))
        .filter((one) => one !== undefined)
      return rivals.reduce((one, other) => (one !== undefined && one.service < other.service ? one : other), first)
    },
    isAwaited: (services) => services.some((service) => isAnnounceable(service, rules)),
  }
}

interface Holding {
  readonly node: string
  readonly sinceMs: number
}

/** Of several nodes that say that they hold an address the one that has it longest, as in the election. */
function holdingsByAddress(nodes: readonly NodeView[]): ReadonlyMap<string, Holding> {
  const holdings = new Map<string, Holding>()
  for (const { name, lease, facts } of nodes) {
    if (lease !== 'live') continue
    for (const [address, sinceMs] of facts.holds) {
      const known = holdings.get(address)
      if (known === undefined || sinceMs < known.sinceMs) holdings.set(address, { node: name, sinceMs })
    }
  }
  return holdings
}

function mirrorOf(service: Service, holdings: ReadonlyMap<string, Holding>): Mirror | undefined {
  const found = addressesOf(service).flatMap((address) => {
    const text = formatIp(address)
    const holding = holdings.get(text)
    return holding === undefined ? [] : [{ text, ...holding }]
  })
  const [first] = found
  if (first === undefined) return undefined
  return {
    service: serviceKey(service),
    holder: first.node,
    sinceMs: first.sinceMs,
    holders: found.map(({ text, node }) => [text, node] as const),
  }
}

/** Load balancer addresses before external IPs, each in the order in which the Service has them. */
function addressesOf(service: Service): readonly Ip[] {
  return [...(service.type === 'LoadBalancer' ? service.ingressIps : []), ...service.externalIps]
}

function isAnnounceable(service: Service, rules: L2Rules): boolean {
  if (addressesOf(service).length === 0) return false
  return claimsOf([service], rules, () => []).some(({ policies }) => policies.length > 0)
}
