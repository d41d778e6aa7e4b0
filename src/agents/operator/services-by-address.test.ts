import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { bareService } from '#model/service.fake.ts'
import { createKeyChangeBoard } from '#runtime/key-changes.ts'
import type { ServiceRecord } from './records.ts'
import { createServicesByAddress } from './services-by-address.ts'

function begin() {
  const items = new Map<string, ServiceRecord>()
  const board = createKeyChangeBoard()
  const byAddress = createServicesByAddress({ items: () => items, keyChanges: () => board.follow(items.keys()) })
  const put = (key: string, ingress: readonly string[], external: readonly string[] = []): void => {
    const service = bareService({
      name: key,
      ingressIps: ingress.map(mustParseIp),
      externalIps: external.map(mustParseIp),
    })
    items.set(key, { service } as ServiceRecord)
    board.note(key)
  }
  const remove = (key: string): void => {
    items.delete(key)
    board.note(key)
  }
  return { put, remove, keysWith: (...addresses: readonly string[]) => [...byAddress.keysWith(addresses)].toSorted() }
}

test('createServicesByAddress() finds each Service with an address, in its status or external, of both families', () => {
  const { put, keysWith } = begin()
  put('a', ['10.0.0.1', 'fd00::1'])
  put('b', ['10.0.0.1'], ['10.0.0.2'])
  put('c', [])
  assert.deepEqual(keysWith('10.0.0.1'), ['a', 'b'])
  assert.deepEqual(keysWith('10.0.0.2', 'fd00:0::1'), ['a', 'b'])
  assert.deepEqual(keysWith('10.0.0.3', 'nonsense'), [])
})

test('createServicesByAddress() follows Services that change and go', () => {
  const { put, remove, keysWith } = begin()
  put('a', ['10.0.0.1'])
  put('b', ['10.0.0.1'])
  assert.deepEqual(keysWith('10.0.0.1'), ['a', 'b'])
  put('a', ['10.0.0.2'])
  assert.deepEqual([keysWith('10.0.0.1'), keysWith('10.0.0.2')], [['b'], ['a']])
  remove('b')
  put('a', [])
  assert.deepEqual(keysWith('10.0.0.1', '10.0.0.2'), [])
})
