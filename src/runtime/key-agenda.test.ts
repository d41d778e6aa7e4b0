import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyAgenda } from './key-agenda.ts'

test('createKeyAgenda() takes each key once, at the first of its times', () => {
  const agenda = createKeyAgenda()
  assert.equal(agenda.nextMs(), undefined)
  agenda.add(30, 'a')
  agenda.add(10, 'a')
  agenda.add(20, 'a')
  agenda.add(15, 'b')
  assert.equal(agenda.nextMs(), 10)
  assert.deepEqual([...agenda.takeDue(9)], [])
  assert.deepEqual([...agenda.takeDue(12)], ['a'])
  assert.deepEqual([...agenda.takeDue(100)], ['b'])
  assert.deepEqual([agenda.nextMs(), ...agenda.takeDue(100)], [undefined])
})

test('createKeyAgenda() takes a key again that was added again, not at a time that it was taken before', () => {
  const agenda = createKeyAgenda()
  agenda.add(30, 'a')
  agenda.add(10, 'a')
  agenda.takeDue(10)
  agenda.add(40, 'a')
  assert.deepEqual([...agenda.takeDue(30)], [])
  assert.deepEqual([...agenda.takeDue(40)], ['a'])
})
