import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '#model/lease.ts'
import { node } from './samples.fake.ts'
import { NETWORK_ANNOTATION, nodesOfOurs, readyWithoutUs, tellMode } from './told.ts'

function lease(holder: string, told?: string): Lease {
  return {
    namespace: 'kube-system',
    name: `balise-node-${holder}`,
    resourceVersion: '1',
    labels: {},
    annotations: told === undefined ? {} : { [NETWORK_ANNOTATION]: told },
    holder,
    renewTimeMs: undefined,
    acquireTimeMs: undefined,
    durationSeconds: 15,
    transitions: 0,
  }
}

test('nodesOfOurs() are those whose agents say full, and no others', () => {
  const leases = [
    lease('a', tellMode('full')),
    lease('b', tellMode('none')),
    lease('c'),
    lease('d', tellMode(undefined)),
  ]
  assert.deepEqual([...nodesOfOurs(leases)], ['a'])
})

test('readyWithoutUs() counts neither those that are not Ready nor ours', () => {
  const ready = (name: string, isReady = true): ReturnType<typeof node> => ({ ...node(name, [], []), ready: isReady })
  const nodes = [ready('z'), ready('a'), ready('ours'), ready('down', false)]
  assert.deepEqual(readyWithoutUs(nodes, new Set(['ours'])), ['a', 'z'])
})
