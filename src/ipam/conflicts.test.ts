import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatRange, rangesOverlap } from '#model/range.ts'
import { comparePoolAge, findConflicts } from './conflicts.ts'
import { pool } from './samples.fake.ts'

test('findConflicts() marks the newer of two pools that overlap', () => {
  const pools = [
    pool('a-new', '10.0.0.5-10.0.0.9', { creationTimestampMs: 2 }),
    pool('b-old', '10.0.0.0-10.0.0.5', { creationTimestampMs: 1 }),
  ]
  const conflicts = findConflicts(pools)
  assert.deepEqual([...conflicts.keys()], ['a-new'])
  assert.equal(conflicts.get('a-new')?.otherPool, 'b-old')
})

test('findConflicts() marks the later name of two pools of the same age', () => {
  const conflicts = findConflicts([pool('b', '10.0.0.1'), pool('a', '10.0.0.1')])
  assert.deepEqual([...conflicts.keys()], ['b'])
})

test('findConflicts() marks a pool whose own blocks overlap', () => {
  const conflict = findConflicts([pool('a', '10.0.0.0/24', '10.0.0.7')]).get('a')
  assert.ok(conflict !== undefined)
  assert.equal(conflict.otherPool, 'a')
  assert.equal(formatRange(conflict.range), '10.0.0.7 - 10.0.0.7')
})

test('findConflicts() leaves pools alone that only touch, or are of different families', () => {
  const pools = [pool('a', '10.0.0.0-10.0.0.4'), pool('b', '10.0.0.5'), pool('c', '::a00:0/120')]
  assert.equal(findConflicts(pools).size, 0)
})

const anyPool = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  creationTimestampMs: fc.nat(2),
  blocks: fc.array(fc.tuple(fc.nat(40), fc.nat(5)), { minLength: 1, maxLength: 3 }),
})
const anyPools = fc
  .uniqueArray(anyPool, { selector: ({ name }) => name })
  .map((pools) =>
    pools.map(({ name, creationTimestampMs, blocks }) =>
      pool(name, ...blocks.map(([first, more]) => `10.0.0.${first}-10.0.0.${first + more}`), { creationTimestampMs }),
    ),
  )

test('findConflicts() marks exactly the pools that overlap an older one or themselves', () => {
  fc.assert(
    fc.property(anyPools, (pools) => {
      const marked = pools.filter((later) =>
        pools.some((earlier) =>
          later.blocks.some((a, i) =>
            earlier.blocks.some(
              (b, j) =>
                rangesOverlap(a.range, b.range) && (later === earlier ? i !== j : comparePoolAge(earlier, later) < 0),
            ),
          ),
        ),
      )
      assert.deepEqual([...findConflicts(pools).keys()].toSorted(), marked.map(({ name }) => name).toSorted())
    }),
  )
})

test('findConflicts() tells the same overlap in whatever order pools come', () => {
  fc.assert(
    fc.property(
      anyPools.chain((pools) => fc.tuple(fc.constant(pools), fc.shuffledSubarray(pools, { minLength: pools.length }))),
      ([pools, shuffled]) => {
        const text = (of: typeof pools) =>
          [...findConflicts(of)]
            .map((entry) =>
              JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
            )
            .toSorted()
        assert.deepEqual(text(shuffled), text(pools))
      },
    ),
  )
})
