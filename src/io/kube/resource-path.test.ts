import assert from 'node:assert/strict'
import { test } from 'node:test'
import { POOLS, SERVICES } from '#ports/kube-resources.ts'
import { resourcePath, selectQuery, withQuery } from './resource-path.ts'

test('resourcePath() places groups, namespaces, names and subresources', () => {
  assert.equal(resourcePath(SERVICES, {}), '/api/v1/services')
  assert.equal(resourcePath(SERVICES, { namespace: 'a' }), '/api/v1/namespaces/a/services')
  assert.equal(
    resourcePath(POOLS, { name: 'blue', subresource: 'status' }),
    '/apis/cilium.io/v2/ciliumloadbalancerippools/blue/status',
  )
})

test('resourcePath() gives no namespace to what has none, and no way out of a name', () => {
  assert.equal(
    resourcePath(POOLS, { namespace: 'a', name: '../x?y' }),
    '/apis/cilium.io/v2/ciliumloadbalancerippools/..%2Fx%3Fy',
  )
})

test('withQuery() writes selectors so that the server reads them', () => {
  const query = selectQuery({ labelSelector: 'a in (b,c)', fieldSelector: 'metadata.name=x' })
  assert.equal(withQuery('/p', query), '/p?labelSelector=a+in+%28b%2Cc%29&fieldSelector=metadata.name%3Dx')
  assert.equal(withQuery('/p', {}), '/p')
})
