/**
 * `bin/node test/perf/ipam.ts [COUNT...]`: how fast the pure allocator is, as JSON. For each number of Services: everybody new, everybody
 * holding (what one event costs), and everybody sharing one address in groups of 50.
 */
import { allocate } from '#ipam/allocate.ts'
import type { Claim } from '#ipam/request.ts'
import { claim, pool, ports, service, sharing } from '#ipam/samples.fake.ts'
import type { Ip } from '#model/ip.ts'

interface Measurement {
  readonly services: number
  readonly name: string
  readonly milliseconds: number
  readonly allocationsPerSecond: number
  readonly heapMebibytes: number
}

const POOLS = [pool('a', '10.0.0.0/12'), pool('b', '10.16.0.0/12'), pool('six', 'fd00::/64')]
const GROUP = 50
const FIRST = 10n << 24n

function measure(name: string, claims: readonly Claim[]): Measurement {
  const times: number[] = []
  let heapOctets = 0
  for (let run = 0; run < 5; run++) {
    const before = process.memoryUsage().heapUsed
    const beganMs = performance.now()
    const { assignments } = allocate({ pools: POOLS, brokenPools: [], claims })
    times.push(performance.now() - beganMs)
    heapOctets = Math.max(heapOctets, process.memoryUsage().heapUsed - before)
    if ([...assignments.values()].some(({ addresses }) => addresses.length !== 1)) throw new Error(`${name} failed`)
  }
  const milliseconds = times.toSorted((a, b) => a - b)[2] ?? 0
  return {
    services: claims.length,
    name,
    milliseconds: Math.round(milliseconds * 10) / 10,
    allocationsPerSecond: Math.round((claims.length / milliseconds) * 1000),
    heapMebibytes: Math.round(heapOctets / 2 ** 20),
  }
}

function claimsOf(count: number, make: (index: number) => Claim): readonly Claim[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function nameOf(index: number): string {
  return `s${String(index).padStart(6, '0')}`
}

function held(index: number): { readonly ingressIps: readonly Ip[] } {
  return { ingressIps: [{ family: 'IPv4', value: FIRST + BigInt(index) }] }
}

function sharer(index: number): Claim {
  return claim(service(nameOf(index), ports(`TCP/${1000 + (index % GROUP)}`)), sharing(`k${Math.floor(index / GROUP)}`))
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]
const measurements = counts.flatMap((count) => [
  measure(
    'new',
    claimsOf(count, (index) => claim(service(nameOf(index)))),
  ),
  measure(
    'holding',
    claimsOf(count, (index) => claim(service(nameOf(index), held(index)))),
  ),
  measure('sharing', claimsOf(count, sharer)),
])
console.log(JSON.stringify({ measurements }, undefined, 2))
