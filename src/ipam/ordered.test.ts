import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { after, atOrBefore, createOrdered, drop, entries, first, get, type Ordered, put } from './ordered.ts'

const anyKey = fc.nat(40)
const anySteps = fc.array(fc.tuple(fc.boolean(), anyKey), { maxLength: 300 })

function create(): Ordered<number, string> {
  return createOrdered((a, b) => a - b)
}

test('an ordered map answers as a sorted list does', () => {
  fc.assert(
    fc.property(anySteps, anyKey, (steps, at) => {
      const map = create()
      const model = new Map<number, string>()
      for (const [isPut, key] of steps) {
        if (isPut) {
          put(map, key, `v${key}`)
          model.set(key, `v${key}`)
        } else {
          drop(map, key)
          model.delete(key)
        }
        const sorted = [...model.keys()].toSorted((a, b) => a - b)
        assert.deepEqual(
          Array.from(entries(map), (entry) => entry.key),
          sorted,
        )
        assert.equal(map.size, model.size)
        assert.equal(first(map)?.key, sorted[0])
        assert.equal(get(map, at), model.get(at))
        assert.equal(
          atOrBefore(map, at)?.key,
          sorted.findLast((one) => one <= at),
        )
        assert.equal(
          after(map, at)?.key,
          sorted.find((one) => one > at),
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('an ordered map stays flat, whatever the order of keys', () => {
  const map = create()
  for (let key = 0; key < 4096; key++) put(map, key, '')
  assert.ok((map.root?.height ?? 0) <= 13)
  for (let key = 0; key < 4096; key += 2) drop(map, key)
  assert.ok((map.root?.height ?? 0) <= 13)
  assert.equal(map.size, 2048)
})
