import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubeError, type KubeFailure } from '#ports/kube-api.ts'
import { SERVICES } from '#ports/kube-resources.ts'
import { unreadable } from './kube-failure.ts'

function remedyOf(code: Exclude<KubeFailure['code'], 'TooManyRequests'>): string {
  return unreadable(SERVICES, new KubeError({ code, message: 'why' })).remedy
}

test('unreadable() advises more rights only where the API server denies', () => {
  assert.equal(remedyOf('Forbidden'), 'use a kubeconfig that may list services')
  for (const code of ['Unauthorized', 'Unreachable', 'TimedOut', 'NotFound', 'ServerError'] as const) {
    assert.doesNotMatch(remedyOf(code), /may list/, code)
  }
})

test('unreadable() names the objects and the reason', () => {
  const { message, cause } = unreadable(SERVICES, new KubeError({ code: 'Unreachable', message: 'it is away' }))
  assert.equal(message, 'The services of the cluster cannot be read: it is away')
  assert.ok(cause instanceof KubeError)
})
