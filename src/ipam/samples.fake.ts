import { mustParseIp } from '#model/ip.ts'
import type { PoolPolicy, Quota, Reservation } from '#model/pool-policy.ts'
import { CILIUM_DEFAULTS, type Pool, type PoolBlock } from '#model/pool.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { rangeOfPrefix } from '#model/range.ts'
import { SELECT_ALL } from '#model/selector.ts'
import type { ServiceRequest, SharingRequest } from '#model/service-request.ts'
import { bareService } from '#model/service.fake.ts'
import type { L4Protocol, Service } from '#model/service.ts'
import type { Claim } from './request.ts'

/** A Service of type LoadBalancer in namespace `default`, for tests. */
export function service(name: string, fields: Partial<Service> = {}): Service {
  return bareService({ name, resourceVersion: '1', ...fields })
}

export function withAddresses(of: Service, ...addresses: readonly string[]): Service {
  return { ...of, ingressIps: addresses.map(mustParseIp) }
}

const ASKS_NOTHING: ServiceRequest = {
  wanted: { kind: 'any' },
  pool: '',
  sharing: undefined,
  mistakes: [],
  remarks: [],
  deprecated: [],
}

export function claim(of: Service, asked: Partial<ServiceRequest> = {}): Claim {
  return { service: of, asked: { ...ASKS_NOTHING, ...asked }, alsoShown: [] }
}

/** A request for these addresses. */
export function these(...addresses: readonly string[]): Pick<ServiceRequest, 'wanted'> {
  return { wanted: { kind: 'these', addresses: addresses.map(mustParseIp) } }
}

/** A request to share under `key`. */
export function sharing(key: string, more: Partial<SharingRequest> = {}): Pick<ServiceRequest, 'sharing'> {
  return { sharing: { key, namespaces: [], differentPods: false, ...more } }
}

/** `TCP/80` and the like. */
export function ports(...texts: readonly string[]): Pick<Service, 'ports'> {
  return {
    ports: texts.map((text) => {
      const [protocol, port] = text.split('/')
      return { name: text, protocol: protocol as L4Protocol, port: Number(port), nodePort: 0 }
    }),
  }
}

/** A policy for all pools; entries as `{ text: '10.0.0.1-10.0.0.9' }` and `{ maxAddresses: 2 }`. */
export function policy(
  name: string,
  {
    pools = 'all',
    reserved = [],
    quotas = [],
  }: {
    readonly pools?: PoolPolicy['pools']
    readonly reserved?: readonly (Partial<Reservation> & { readonly text: string })[]
    readonly quotas?: readonly Partial<Quota>[]
  },
): PoolPolicy {
  return {
    name,
    generation: 1,
    pools,
    reserved: reserved.map((one) => ({ reason: '', requestableBy: 'nobody', ...one, range: block(one.text).range })),
    quotas: quotas.map((one) => ({ namespaces: 'all', maxAddresses: undefined, maxServices: undefined, ...one })),
  }
}

/** Blocks as `10.0.0.1`, `10.0.0.1-10.0.0.9`, `10.0.0.0/24`, or `10.0.0.0/24!` with its ends kept back; the last argument may be other fields. */
export function pool(name: string, ...parts: readonly (string | Partial<Pool>)[]): Pool {
  const blocks = parts.filter((part) => typeof part === 'string').map(block)
  const fields = parts.filter((part) => typeof part !== 'string')
  const own = {
    name,
    labels: {},
    generation: 1,
    creationTimestampMs: 0,
    blocks,
    serviceSelector: SELECT_ALL,
    disabled: false,
  }
  return Object.assign({ ...CILIUM_DEFAULTS, ...own }, ...fields)
}

function block(text: string): PoolBlock {
  if (text.endsWith('!')) {
    const whole = block(text.slice(0, -1))
    const { first, last } = whole.range
    const usable = { first: { ...first, value: first.value + 1n }, last: { ...last, value: last.value - 1n } }
    return { ...whole, usable }
  }
  if (text.includes('/')) return { range: rangeOfPrefix(mustParsePrefix(text)), text }
  const [first = '', last = first] = text.split('-')
  return { range: { first: mustParseIp(first), last: mustParseIp(last) }, text }
}
