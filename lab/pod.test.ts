import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePodRef } from './pod.ts'

describe('parsePodRef()', () => {
  test('reads pod/NAMESPACE/NAME', () =>
    assert.deepEqual(parsePodRef('pod/kube-system/coredns-1'), { namespace: 'kube-system', name: 'coredns-1' }))
  test('leaves hosts alone', () => assert.equal(parsePodRef('client'), undefined))
  test('refuses a pod without a namespace', () =>
    assert.throws(() => parsePodRef('pod/coredns'), /write pod\/NAMESPACE\/NAME/))
})
