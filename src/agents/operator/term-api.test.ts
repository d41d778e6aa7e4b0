import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { SERVICES } from '#ports/kube-resources.ts'
import { createTermApi } from './term-api.ts'

const REF = { namespace: 'default', name: 'web' }
const WEB = { apiVersion: 'v1', kind: 'Service', metadata: REF, spec: {} }
const WRITES: Readonly<Record<string, (api: KubeApi) => Promise<unknown>>> = {
  create: (api) => api.create(SERVICES, 'default', { ...WEB, metadata: { name: 'other' } }),
  replace: (api) => api.replace(SERVICES, REF, WEB),
  patch: (api) => api.patch(SERVICES, REF, { kind: 'merge', body: { status: {} } }, { subresource: 'status' }),
  delete: (api) => api.delete(SERVICES, REF),
}

for (const [verb, write] of Object.entries(WRITES)) {
  test(`createTermApi() lets ${verb} pass within the term, and nothing after it`, async () => {
    const api = createFakeKubeApi()
    api.put(WEB)
    let isCurrent = true
    const ofTerm = createTermApi(api, () => isCurrent)
    await write(ofTerm)
    const passed = api.requests.length
    assert.equal(passed, 1)
    isCurrent = false
    await assert.rejects(write(ofTerm), (error) => error instanceof KubeError && error.failure.code === 'Conflict')
    assert.equal(api.requests.length, passed)
  })
}

test('createTermApi() reads after the term as before it', async () => {
  const api = createFakeKubeApi()
  api.put(WEB)
  const ofTerm = createTermApi(api, () => false)
  assert.equal((await ofTerm.get(SERVICES, REF)).metadata.name, 'web')
  assert.equal((await ofTerm.list(SERVICES, {})).items.length, 1)
})
