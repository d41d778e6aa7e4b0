import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pool } from '#model/pool.ts'
import { decodePool } from '#crd/pool.ts'
import { decodeAddressPool } from './address-pool.ts'
import { allocatedFromPatch } from './allocated-from.ts'
import { deprecationEvents, metallbEvent, mistakeEvent } from './events.ts'

const METALLB = decodeAddressPool({ metadata: { name: 'blue', namespace: 'm' }, spec: { addresses: [] } }).value as Pool
const CILIUM = decodePool({ metadata: { name: 'blue' }, spec: {} }).value as Pool
const NOW = 'metallb.io/ip-allocated-from-pool'
const OLD = 'metallb.universe.tf/ip-allocated-from-pool'

test('allocatedFromPatch() names the pool, and takes the old annotation away', () => {
  assert.deepEqual(allocatedFromPatch({}, METALLB), { [NOW]: 'blue' })
  assert.deepEqual(allocatedFromPatch({ [NOW]: 'red', [OLD]: 'blue' }, METALLB), { [NOW]: 'blue', [OLD]: null })
})

test('allocatedFromPatch() changes nothing that is so already', () => {
  assert.equal(allocatedFromPatch({ [NOW]: 'blue' }, METALLB), undefined)
  assert.equal(allocatedFromPatch({}, undefined), undefined)
})

test('allocatedFromPatch() takes the name away without an address, and for an address of a pool of Cilium', () => {
  assert.deepEqual(allocatedFromPatch({ [NOW]: 'blue' }, undefined), { [NOW]: null })
  assert.deepEqual(allocatedFromPatch({ [NOW]: 'blue' }, CILIUM), { [NOW]: null })
})

test('metallbEvent() has the type that MetalLB gives the reason', () => {
  assert.deepEqual(metallbEvent('AllocationFailed', 'x'), { type: 'Warning', reason: 'AllocationFailed', message: 'x' })
  assert.equal(metallbEvent('ClearAssignment', 'x').type, 'Normal')
})

test('deprecationEvents() tells how the annotation is called now', () => {
  assert.deepEqual(
    deprecationEvents(['metallb.universe.tf/address-pool']).map(({ message }) => message),
    ['Annotation metallb.universe.tf/address-pool is deprecated: write metallb.io/address-pool instead'],
  )
})

test('mistakeEvent() tells all mistakes of an object, and how many more there are than fit', () => {
  const mistakesOf = (...addresses: readonly string[]) =>
    decodeAddressPool({ metadata: { name: 'p' }, spec: { addresses } }).mistakes
  assert.equal(mistakeEvent(mistakesOf('10.0.0.0/24')), undefined)
  const [first, second] = ['x', 'y'].map((text) => mistakeEvent(mistakesOf(text))?.message)
  assert.equal(mistakeEvent(mistakesOf('x', 'y'))?.message, `${first}. ${second?.replace('[0]', '[1]')}`)
  const { message = '', reason } = mistakeEvent(mistakesOf(...Array<string>(50).fill('x'))) ?? {}
  assert.equal(reason, 'InvalidConfiguration')
  const told = message.split('is neither').length - 1
  assert.ok(message.length <= 1024 && told > 5)
  assert.ok(message.endsWith(`. And ${50 - told} more`))
})
