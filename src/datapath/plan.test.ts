import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { mustParseIp } from '#model/ip.ts'
import { type Applied, emptyApplied, MapReader, record, takenBackendIds, takenFrontendIds } from './applied.ts'
import { type Desired, desiredOf, NOTHING_DESIRED } from './desired.ts'
import { createIdTable } from './ids.ts'
import { encodeOp, formatOp, LB_MAPS, type LbMapName, type Op } from './op.ts'
import { type Ids, plan, slotsOf } from './plan.ts'
import { CONTEXT, sampleEndpoint, sampleService, sampleSlice } from './sample-services.ts'

/** Services in a world of few addresses, so that states differ in much and little. */
const world: fc.Arbitrary<Desired> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      local: fc.boolean(),
      ingress: fc.subarray(['192.168.10.75', '192.168.10.76']),
      ports: fc.subarray([80, 443], { minLength: 1 }),
      endpoints: fc.array(
        fc.record({
          address: fc.constantFrom('10.244.0.1', '10.244.0.2', '10.244.1.1', '10.244.1.2'),
          nodeName: fc.constantFrom('cp1', 'node1'),
          ready: fc.boolean(),
          serving: fc.boolean(),
          terminating: fc.boolean(),
        }),
        { maxLength: 5 },
      ),
    }),
    { selector: ({ name }) => name },
  )
  .map((services) => {
    const models = services.map(({ name, local, ingress, ports }, index) =>
      sampleService({
        name,
        creationTimestampMs: index,
        clusterIps: [mustParseIp(`10.43.0.${name.charCodeAt(0)}`)],
        ingressIps: ingress.map(mustParseIp),
        externalTrafficPolicy: local ? 'Local' : 'Cluster',
        ports: ports.map((port) => ({ name: `p${port}`, protocol: 'TCP', port, nodePort: 0 })),
      }),
    )
    const slices = new Map(
      services.map(({ name, ports, endpoints }) => [
        `default/${name}`,
        [
          sampleSlice(
            endpoints.map(({ address, ...rest }) => sampleEndpoint(address, rest)),
            {
              name,
              service: `default/${name}`,
              ports: ports.map((port) => ({ name: `p${port}`, protocol: 'TCP', port: 8000 + port })),
            },
          ),
        ],
      ]),
    )
    return desiredOf({ services: models, slicesOf: (key) => slices.get(key) ?? [], context: CONTEXT }, NOTHING_DESIRED)
  })

interface Kernel {
  readonly applied: Applied
  readonly ids: Ids
}

const freshKernel = (): Kernel => ({
  applied: emptyApplied(),
  ids: { frontends: createIdTable([]), backends: createIdTable([]) },
})

const restarted = (applied: Applied): Kernel => ({
  applied,
  ids: { frontends: createIdTable(takenFrontendIds(applied)), backends: createIdTable(takenBackendIds(applied)) },
})

const planFor = (desired: Desired, { applied, ids }: Kernel) =>
  plan({ desired: desired.frontends, applied, realized: new Map(), ids })

const apply = ({ applied, ids }: Kernel, ops: readonly Op[], afterEach: (op: Op) => void = () => undefined): void => {
  for (const op of ops) {
    record(applied, op)
    if (op.kind === 'deleteBackend') ids.backends.release(op.id)
    if (op.kind === 'deleteReverseNat') ids.frontends.release(op.frontendId)
    afterEach(op)
  }
}

const assertHolds = (desired: Desired, { applied, ids }: Kernel): void => {
  assert.deepEqual(new Set(applied.frontends.keys()), new Set(desired.frontends.keys()))
  const backends = new Set<number>()
  for (const [key, frontend] of desired.frontends) {
    const { head, slots } = applied.frontends.get(key) ?? {}
    const idOf = (backend: { readonly key: string }): number => ids.backends.knownId(backend.key) ?? -1
    assert.deepEqual(slots, slotsOf(frontend).map(idOf))
    assert.deepEqual(
      [head?.count, head?.qcount, head?.flags],
      [frontend.serving.length, frontend.draining.length, frontend.flags],
    )
    assert.deepEqual(applied.reverseNats.get(head?.frontendId ?? 0), { address: frontend.address, port: frontend.port })
    for (const backend of [...slotsOf(frontend), ...frontend.idle]) backends.add(idOf(backend))
  }
  assert.deepEqual(new Set(applied.backends.keys()), backends)
  assert.equal(applied.reverseNats.size, desired.frontends.size)
}

/** What the kernel's side relies on at every moment. */
const assertSound = ({ applied }: Kernel, op: Op): void => {
  for (const [key, { head, slots }] of applied.frontends) {
    const counted = (head?.count ?? 0) + (head?.qcount ?? 0)
    assert.ok(slots.length >= counted, `after ${formatOp(op)}: ${key} counts ${counted} slots and has ${slots.length}`)
    for (const id of slots.slice(0, counted))
      assert.ok(applied.backends.has(id), `after ${formatOp(op)}: ${key} names backend ${id}`)
    for (const id of slots)
      assert.ok(id === 0 || applied.backends.has(id), `after ${formatOp(op)}: a slot of ${key} names backend ${id}`)
    if (head !== undefined)
      assert.ok(applied.reverseNats.has(head.frontendId), `after ${formatOp(op)}: ${key} has no reverse NAT`)
  }
}

test('plan() leads from any state to any other, sound at every step, and then has nothing left to do', () => {
  fc.assert(
    fc.property(fc.array(world, { minLength: 1, maxLength: 4 }), (states) => {
      const kernel = freshKernel()
      for (const desired of states) {
        apply(kernel, planFor(desired, kernel).ops, (op) => assertSound(kernel, op))
        assertHolds(desired, kernel)
        assert.deepEqual(planFor(desired, kernel).ops, [])
      }
    }),
  )
})

test('plan() leads on from wherever it was broken off, also after a restart', () => {
  fc.assert(
    fc.property(world, world, fc.nat(), fc.boolean(), (first, second, cut, restart) => {
      const kernel = freshKernel()
      apply(kernel, planFor(first, kernel).ops)
      const { ops } = planFor(second, kernel)
      apply(kernel, ops.slice(0, cut % (ops.length + 1)))
      const next = restart ? restarted(kernel.applied) : kernel
      apply(next, planFor(second, next).ops, (op) => assertSound(next, op))
      assertHolds(second, next)
    }),
  )
})

test('plan() keeps the ids of a restart', () => {
  fc.assert(
    fc.property(world, (desired) => {
      const kernel = freshKernel()
      apply(kernel, planFor(desired, kernel).ops)
      assert.deepEqual(planFor(desired, restarted(kernel.applied)).ops, [])
    }),
  )
})

test('plan() survives the octets: what was written is what is read', () => {
  fc.assert(
    fc.property(world, (desired) => {
      const kernel = freshKernel()
      const { ops } = planFor(desired, kernel)
      const maps: { readonly [M in LbMapName]: Map<string, { key: Uint8Array; value: Uint8Array }> } = {
        lb4_services: new Map(),
        lb4_backends: new Map(),
        lb4_reverse_nat: new Map(),
      }
      apply(kernel, ops, (op) => {
        const { map, key, value } = encodeOp(op)
        if (value === undefined) maps[map].delete(String(key))
        else maps[map].set(String(key), { key, value })
      })
      const reader = new MapReader()
      for (const map of LB_MAPS) for (const entry of [...maps[map].values()].toReversed()) reader.add(map, [entry])
      const { applied, unreadable } = reader.finish()
      assert.deepEqual(unreadable, [])
      assert.deepEqual(planFor(desired, restarted(applied)).ops, [])
    }),
  )
})

test('plan() puts before it deletes, the head after what it counts', () => {
  const order: readonly Op['kind'][] = [
    'putBackend',
    'putSlot',
    'putReverseNat',
    'putHead',
    'deleteHead',
    'deleteSlot',
    'deleteReverseNat',
    'deleteBackend',
  ]
  fc.assert(
    fc.property(world, world, (first, second) => {
      const kernel = freshKernel()
      apply(kernel, planFor(first, kernel).ops)
      const kinds = planFor(second, kernel).ops.map(({ kind }) => order.indexOf(kind))
      assert.deepEqual(
        kinds,
        kinds.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('plan() looks only at frontends that are other objects than the realized ones', () => {
  const service = sampleService()
  const slices = [sampleSlice([sampleEndpoint('10.244.1.1')])]
  const desired = desiredOf({ services: [service], slicesOf: () => slices, context: CONTEXT }, NOTHING_DESIRED)
  const again = desiredOf({ services: [service], slicesOf: () => slices, context: CONTEXT }, desired)
  const { applied, ids } = freshKernel()
  // nothing is in the maps, and yet there is nothing to do: the objects are trusted
  assert.deepEqual(plan({ desired: again.frontends, applied, realized: desired.frontends, ids }).ops, [])
})

test('plan() clears what nobody wants out of the maps at a first look', () => {
  const kernel = freshKernel()
  const desired = desiredOf(
    { services: [sampleService()], slicesOf: () => [sampleSlice([sampleEndpoint('10.244.1.1')])], context: CONTEXT },
    NOTHING_DESIRED,
  )
  apply(kernel, planFor(desired, kernel).ops)
  apply(kernel, planFor(NOTHING_DESIRED, kernel).ops)
  assert.deepEqual(kernel.applied, emptyApplied())
})
