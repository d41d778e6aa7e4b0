import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { connectKubeApi, type KubeConnection } from '#io/kube/connect.ts'
import { SERVICE_ACCOUNT_FOLDER } from '#io/kube/kube-source.ts'
import { NAMESPACES } from '#ports/kube-resources.ts'
import { missingForApiServer, type RealApiServer, startApiServer } from './api-server.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'

const KUBE_PRISM = 7445
const K3S = 6444
/** Of the API server, on the network. */
const API = '192.0.2.2'

const missing = missingForApiServer()
if (missing === undefined) suite('the way of a pod to a real API server', onRealServer)
else test('the way of a pod to a real API server', { skip: missing }, () => undefined)

/** A load balancer of the node itself, as Talos and k3s have it: passes TCP on. */
async function openBalancer(port: number, to: number): Promise<{ readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to, API)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    near.pipe(far).pipe(near)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function onRealServer(): void {
  let server: RealApiServer

  before(async () => {
    enterOwnNamespaces()
    run('mount', '-t', 'tmpfs', 'blt', '/run')
    run('ip', 'link', 'add', 'lan', 'type', 'bridge')
    run('ip', 'address', 'add', `${API}/24`, 'dev', 'lan')
    run('ip', 'link', 'set', 'lan', 'up')
    server = await startApiServer(API)
    mkdirSync(SERVICE_ACCOUNT_FOLDER, { recursive: true })
    const config = JSON.parse(readFileSync(server.kubeconfig(), 'utf8')) as {
      readonly users: readonly [{ readonly user: { readonly token: string } }]
    }
    writeFileSync(join(SERVICE_ACCOUNT_FOLDER, 'token'), config.users[0].user.token)
    writeFileSync(join(SERVICE_ACCOUNT_FOLDER, 'ca.crt'), server.identity().cert)
    writeFileSync(join(SERVICE_ACCOUNT_FOLDER, 'namespace'), 'kube-system')
  })
  after(() => server.close())

  const inPod = (
    more: Readonly<Record<string, string>> = {},
  ): { readonly way: KubeConnection; readonly log: string[] } => {
    const log: string[] = []
    const environment = {
      KUBERNETES_SERVICE_HOST: API,
      KUBERNETES_SERVICE_PORT: String(server.port),
      ...more,
    }
    const onServer = (url: URL, refused: readonly string[]): void =>
      void log.push(`${url.host} after ${refused.length}`)
    return { way: connectKubeApi({ environment }, { userAgent: 'balise-test/0', onServer }), log }
  }
  const works = async ({ api }: KubeConnection): Promise<boolean> => (await api.list(NAMESPACES, {})).items.length > 0

  test('a node without a load balancer of its own goes by the address that the kubelet names', async () => {
    const { way, log } = inPod()
    assert.equal(way.server(), `https://localhost:7445 or https://127.0.0.1:6444 or https://${API}:${server.port}`)
    assert.ok(await works(way))
    assert.equal(way.server(), `https://${API}:${server.port}`)
    assert.deepEqual(log, [`${API}:${server.port} after 2`])
    way.api.close()
  })

  test('Talos and k3s have one, which is taken first', async () => {
    const k3s = await openBalancer(K3S, server.port)
    const first = inPod()
    assert.ok(await works(first.way))
    assert.equal(first.way.server(), 'https://127.0.0.1:6444')
    const kubePrism = await openBalancer(KUBE_PRISM, server.port)
    assert.ok(await works(first.way))
    assert.equal(first.way.server(), 'https://127.0.0.1:6444', 'what works is not left')
    const second = inPod({ BALISE_API_HOST: 'auto' })
    assert.ok(await works(second.way))
    assert.equal(second.way.server(), 'https://localhost:7445')
    for (const { way } of [first, second]) way.api.close()
    await Promise.all([k3s.close(), kubePrism.close()])
  })

  test('when the load balancer is lost another address is found', async () => {
    const kubePrism = await openBalancer(KUBE_PRISM, server.port)
    const { way, log } = inPod()
    assert.ok(await works(way))
    await kubePrism.close()
    await assert.rejects(works(way), /The API at localhost:7445 is away/)
    assert.ok(await works(way))
    assert.deepEqual(log, ['localhost:7445 after 0', `${API}:${server.port} after 2`])
    way.api.close()
  })

  test('an address that the settings name is the only one', async () => {
    const balancer = await openBalancer(KUBE_PRISM, server.port)
    const { way } = inPod({ BALISE_API_HOST: '127.0.0.1', BALISE_API_PORT: String(K3S) })
    await assert.rejects(works(way), /The API at 127\.0\.0\.1:6444 is away: connect ECONNREFUSED/)
    way.api.close()
    await balancer.close()
  })
}
