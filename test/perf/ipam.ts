/**
 * `bin/node test/perf/ipam.ts [COUNT...]`: how fast addresses are given out, as JSON, for each number of Services.
 * - `passes`: `allocate()`, which a start and each change of pools cost: everybody new, everybody holding, and everybody sharing one address
 *   in groups of 50.
 * - `events`: the allocator with a memory, with one event after another.
 * - `operator`: CPU time of a whole operator for one event, the API in memory included; 10,000 Services at most.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { allocate } from '#ipam/allocate.ts'
import { type Allocator, type ClaimChanges, createAllocator } from '#ipam/allocator.ts'
import type { Claim } from '#ipam/request.ts'
import { claim, pool, ports, service, sharing } from '#ipam/samples.fake.ts'
import type { Ip } from '#model/ip.ts'
import type { Pool } from '#model/pool.ts'
import { serviceKey } from '#model/service.ts'
import { SERVICES } from '#ports/kube-resources.ts'
import { createOperatorWorld, poolYaml } from '#test/scenario/operator-world.ts'

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

interface EventMeasurement {
  readonly services: number
  readonly name: string
  readonly microsecondsPerEvent: number
  readonly eventsPerSecond: number
}

const EVENTS = 2_000
const ROUNDS = 5

/** An allocator that knows some claims, and how it is told of changes. */
interface Running {
  readonly allocator: Allocator
  readonly services: number
  tell(changes: ClaimChanges): void
}

function begin(pools: readonly Pool[], claims: readonly Claim[]): Running {
  const allocator = createAllocator()
  const rules = { pools, brokenPools: [] }
  const tell = (changes: ClaimChanges): void => void allocator.look(rules, changes)
  tell(new Map(claims.map((one) => [serviceKey(one.service), one])))
  return { allocator, services: claims.length, tell }
}

/** One event after another, as `eventOf` says; the median of some rounds. */
function measureEvents(name: string, running: Running, eventOf: (index: number) => ClaimChanges): EventMeasurement {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const events = Array.from({ length: EVENTS }, (_, index) => eventOf(round * EVENTS + index))
    const beganMs = performance.now()
    for (const event of events) running.tell(event)
    times.push(performance.now() - beganMs)
  }
  const milliseconds = times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0
  return {
    services: running.services,
    name,
    microsecondsPerEvent: Math.round((milliseconds / EVENTS) * 10_000) / 10,
    eventsPerSecond: Math.round((EVENTS / milliseconds) * 1000),
  }
}

function changeOf(one: Claim): ClaimChanges {
  return new Map([[serviceKey(one.service), one]])
}

function goneOf(index: number): ClaimChanges {
  return new Map([[`default/${nameOf(index)}`, undefined]])
}

/** Events of one kind each; those that delete come last. */
function eventsAt(count: number): readonly EventMeasurement[] {
  const holding = begin(
    POOLS,
    claimsOf(count, (index) => claim(service(nameOf(index), held(index)))),
  )
  const spread = (index: number): number => (index * 7919) % count
  const relabelled = (index: number): Claim =>
    claim(service(nameOf(spread(index)), { ...held(spread(index)), labels: { event: String(index) } }))
  const sharers = begin(POOLS, claimsOf(count, sharer))
  const moved = (index: number): Claim =>
    claim(service(nameOf(spread(index)), ports('TCP/1')), sharing(`other${index % GROUP}`))
  return [
    measureEvents('change', holding, (index) => changeOf(relabelled(index))),
    measureEvents('create', holding, (index) => changeOf(claim(service(nameOf(count + index))))),
    measureEvents('change of a sharing key', sharers, (index) => changeOf(moved(index))),
    measureEvents('delete', holding, (index) => goneOf(spread(index))),
    measureEvents('delete, with Services that wait', waitingAt(count), goneOf),
  ]
}

/** As many wait as have an address. */
function waitingAt(count: number): Running {
  const last: Ip = { family: 'IPv4', value: FIRST + BigInt(count) - 1n }
  const full = {
    ...pool('full', '10.0.0.0'),
    blocks: [{ range: { first: { ...last, value: FIRST }, last }, text: '' }],
  }
  const waiters = claimsOf(count, (index) => claim(service(`z${nameOf(index)}`, { creationTimestampMs: 1 })))
  return begin([full], [...claimsOf(count, (index) => claim(service(nameOf(index), held(index)))), ...waiters])
}

/** What the memory takes for each Service, beside the claims. */
function octetsPerService(count: number): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const claims = claimsOf(count, (index) => claim(service(nameOf(index), held(index))))
  collect()
  const before = process.memoryUsage().heapUsed
  const running = begin(POOLS, claims)
  collect()
  const octets = (process.memoryUsage().heapUsed - before) / running.allocator.outcome().assignments.size
  return Math.round(octets)
}

interface OperatorMeasurement {
  readonly services: number
  readonly name: string
  readonly cpuMicrosecondsPerEvent: number
}

const OPERATOR_EVENTS = 100

async function measureOperator(count: number): Promise<readonly OperatorMeasurement[]> {
  const world = await createOperatorWorld()
  await world.apply(poolYaml('lab', '10.0.0.1', '10.3.255.254'))
  for (let index = 0; index < count; index++) world.api.put(manifestOf(index))
  await world.pass(120_000)
  const measureEach = async (
    name: string,
    event: (index: number) => Promise<void> | void,
  ): Promise<OperatorMeasurement> => {
    const before = process.cpuUsage()
    for (let index = 0; index < OPERATOR_EVENTS; index++) {
      await event(index)
      await world.pass(50)
    }
    const { user, system } = process.cpuUsage(before)
    return { services: count, name, cpuMicrosecondsPerEvent: Math.round((user + system) / OPERATOR_EVENTS) }
  }
  const create = await measureEach('create', (index) => void world.api.put(manifestOf(count + index)))
  const change = await measureEach('change', async (index) => {
    const found = await world.api.get(SERVICES, { name: nameOf(index), namespace: 'default' })
    world.api.put({ ...found, spec: { ...manifestOf(index).spec, ports: [{ port: 81, protocol: 'TCP' }] } })
  })
  await world.close()
  return [create, change]
}

function manifestOf(index: number) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: nameOf(index), namespace: 'default' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP' }],
    },
  }
}

/** More would measure the API in memory. */
const MOST_FOR_OPERATOR = 10_000

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]
const passes = counts.flatMap((count) => [
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
const events = counts.flatMap(eventsAt)
const memory = counts.map((count) => ({ services: count, octetsPerService: octetsPerService(count) }))
const operator: OperatorMeasurement[] = []
for (const count of counts.filter((each) => each <= MOST_FOR_OPERATOR)) operator.push(...(await measureOperator(count)))
console.log(JSON.stringify({ passes, events, memory, operator }, undefined, 2))
