import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { after, before, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import type { KubeClientOptions } from '#io/kube/kube-client.ts'
import { NO_FAULT } from '#lab/proxy/fault.ts'
import { FaultyProxy } from '#lab/proxy/proxy.ts'
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '#ports/kube-api.ts'
import { kubeApiContract } from '#ports/kube-api.contract.ts'
import { type KubeApiWorld, WIDGETS } from '#ports/kube-widgets.contract.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { createInformer, type Informer } from '#runtime/informer.ts'
import { freePort, missingForApiServer, type RealApiServer, startApiServer } from './api-server.ts'

const CRDS: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const LIMIT_MS = 30_000
const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const CONDITIONS = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
}
const STATUS = { ...ANYTHING, properties: { conditions: CONDITIONS } }
const WIDGETS_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${WIDGETS.plural}.${WIDGETS.group}` },
  spec: {
    group: WIDGETS.group,
    scope: 'Cluster',
    names: { plural: WIDGETS.plural, kind: WIDGETS.kind },
    versions: [
      {
        name: WIDGETS.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: ANYTHING, status: STATUS } } },
      },
    ],
  },
}

const missing = missingForApiServer()
if (missing === undefined) {
  const server = await startApiServer()
  after(() => server.close())
  kubeApiContract('on a real server', () => openReal(server))
  faults(server)
} else test('KubeApi contract: on a real server', { skip: missing }, () => undefined)

async function openReal(server: RealApiServer): Promise<KubeApiWorld> {
  const api = connect(server.kubeconfig(), { pageSize: 2 })
  await api.create(CRDS, undefined, WIDGETS_CRD)
  await untilServed(api)
  return { api, age: () => Promise.resolve(), close: () => Promise.resolve(api.close()) }
}

function connect(kubeconfig: string, options: Partial<KubeClientOptions> = {}): KubeApi {
  return connectKubeApi({ kubeconfig, environment: {} }, { userAgent: 'balise-test/0', ...options }).api
}

async function untilServed(api: KubeApi): Promise<void> {
  for (;;) {
    try {
      await api.list(WIDGETS, {})
      return
    } catch (error) {
      if (!(error instanceof KubeError) || error.failure.code !== 'NotFound') throw error
      await wait(50)
    }
  }
}

/** What an agent lives through: the way to the API hangs, is cut, and the server dies. */
function faults(server: RealApiServer): void {
  suite('KubeApi on a real server that fails', () => {
    const proxy = new FaultyProxy({ host: '127.0.0.1', port: server.port })
    const clock = createClock()
    const informers: Informer<KubeObject>[] = []
    let direct: KubeApi
    let viaProxy: KubeApi

    before(async () => {
      const port = await freePort()
      await proxy.listen({ host: '127.0.0.1', port })
      direct = connect(server.kubeconfig())
      viaProxy = connect(server.kubeconfig(port), { idleMs: 200, pingTimeoutMs: 300, requestTimeoutMs: 2_000 })
    })
    after(async () => {
      for (const informer of informers) await informer.close()
      direct.close()
      viaProxy.close()
      proxy.close()
    })

    const inform = async (api: KubeApi): Promise<Informer<KubeObject>> => {
      const backoff = { baseMs: 50, factor: 2, maxMs: 400, jitter: 0.5 }
      const options = {
        api,
        resource: LEASES,
        trim: (object: KubeObject) => object,
        backoff,
        clock,
        random: Math.random,
      }
      const informer = createInformer(options, new AbortController().signal)
      informers.push(informer)
      await informer.synced
      await until(() => informer.status().connected)
      return informer
    }
    const makeLease = (name: string): Promise<KubeObject> =>
      direct.create(LEASES, 'default', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } })

    test('a watch on a connection that hangs ends within idle and ping time, and the informer catches up', async () => {
      const informer = await inform(viaProxy)
      proxy.fault = { kind: 'hang' }
      const tookMs = await until(() => !informer.status().connected)
      assert.ok(tookMs < 3_000, `noticed after ${tookMs} ms`)
      await makeLease('during-hang')
      proxy.fault = NO_FAULT
      await until(() => informer.items().has('default/during-hang'))
      assert.equal(informer.status().lists, 1)
    })

    test('a connection that is cut is seen at once, and the informer catches up', async () => {
      const informer = await inform(viaProxy)
      proxy.fault = { kind: 'cut' }
      const tookMs = await until(() => !informer.status().connected)
      assert.ok(tookMs < 1_000, `noticed after ${tookMs} ms`)
      await makeLease('during-cut')
      assert.ok(informer.items().has('default/during-hang'))
      proxy.fault = NO_FAULT
      await until(() => informer.items().has('default/during-cut'))
    })

    test('a request on a way that hangs is over within its time', async () => {
      proxy.fault = { kind: 'hang' }
      const startedMs = performance.now()
      await assert.rejects(viaProxy.list(LEASES, {}), KubeError)
      const tookMs = performance.now() - startedMs
      assert.ok(tookMs < 3_000, `${tookMs} ms`)
      proxy.fault = NO_FAULT
      await viaProxy.list(LEASES, {})
    })

    test('a gateway without HTTP/2 is spoken to in HTTP/1.1', async (t) => {
      const versions: string[] = []
      const gateway = createServer(server.identity(), (request, response) => {
        versions.push(request.httpVersion)
        response.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items: [] }))
      })
      const port = await freePort()
      await new Promise<void>((resolve) => gateway.listen(port, '127.0.0.1', resolve))
      const api = connect(server.kubeconfig(port))
      t.after(() => {
        api.close()
        gateway.close()
      })
      assert.equal((await api.list(LEASES, {})).resourceVersion, '7')
      assert.equal((await api.list(LEASES, {})).resourceVersion, '7')
      assert.deepEqual(versions, ['1.1', '1.1'])
    })

    test('a server that nobody vouches for is not spoken to', async (t) => {
      const path = server.kubeconfig()
      const config = readFileSync(path, 'utf8').replace(/,"certificate-authority":"[^"]*"/, '')
      writeFileSync(`${path}-without-ca`, config)
      const api = connect(`${path}-without-ca`)
      t.after(() => api.close())
      await assert.rejects(api.list(LEASES, {}), /certificate/)
    })

    test('a server that is killed during a watch: the informer keeps what it has and goes on with the next', async () => {
      const informer = await inform(direct)
      await server.kill()
      await until(() => !informer.status().connected)
      assert.ok(informer.items().has('default/during-hang'))
      await server.start()
      await untilAnswers(direct)
      await makeLease('after-kill')
      await until(() => informer.items().has('default/after-kill'))
      assert.equal(informer.status().connected, true)
    })
  })
}

/** Looks until it is so, and tells how many milliseconds that took. */
async function until(isSo: () => boolean): Promise<number> {
  const startedMs = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - startedMs < LIMIT_MS, `not within ${LIMIT_MS} ms: ${String(isSo)}`)
    await wait(5)
  }
  return performance.now() - startedMs
}

async function untilAnswers(api: KubeApi): Promise<void> {
  for (;;) {
    try {
      await api.list(LEASES, {})
      return
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      await wait(50)
    }
  }
}
