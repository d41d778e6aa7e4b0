import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAgenda } from './agenda.ts'

test('an agenda without entries has no next time', () => {
  const agenda = createAgenda<string>()
  assert.equal(agenda.nextMs(), undefined)
  assert.deepEqual(agenda.takeDue(Infinity), [])
})

test('what is due comes out in the order of its times, at any order of adding and taking', () => {
  const step = fc.record({ add: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), takeAt: fc.nat(60) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const agenda = createAgenda<number>()
      let model: readonly number[] = []
      for (const { add, takeAt } of steps) {
        for (const dueMs of add) agenda.add(dueMs, dueMs)
        model = [...model, ...add].toSorted((a, b) => a - b)
        assert.equal(agenda.nextMs(), model[0])
        assert.deepEqual(
          agenda.takeDue(takeAt),
          model.filter((dueMs) => dueMs <= takeAt),
        )
        model = model.filter((dueMs) => dueMs > takeAt)
      }
    }),
  )
})
