import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeSource } from './kube-source.ts'
import { loadKubeEndpoints } from './load-endpoint.ts'

/** The only one. */
function loadKubeEndpoint(source: KubeSource): KubeEndpoint {
  const [endpoint, ...others] = loadKubeEndpoints(source)
  assert.ok(endpoint !== undefined && others.length === 0)
  return endpoint
}

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'balise-kube-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    'current-context': 'here',
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'mine' } },
      { name: 'there', context: { cluster: 'd', user: 'u' } },
    ],
    clusters: [
      { name: 'c', cluster: { server: 'https://192.0.2.1:6443', ...cluster } },
      { name: 'd', cluster: { server: 'https://192.0.2.2' } },
    ],
    users: [{ name: 'u', user }],
  })
}

function load(t: TestContext, user: object, cluster: object = {}, context?: string): KubeEndpoint {
  const folder = folderWith(t, {
    config: kubeconfig(user, cluster),
    'pki/ca.crt': 'CA',
    'pki/key': 'KEY',
    token: 'T1\n',
  })
  return loadKubeEndpoint({ kind: 'kubeconfig', paths: [join(folder, 'config')], context })
}

test('loadKubeEndpoints() reads server and namespace of the current context, or of the one named', (t) => {
  assert.deepEqual([load(t, {}).server.href, load(t, {}).namespace], ['https://192.0.2.1:6443/', 'mine'])
  assert.deepEqual(
    [load(t, {}, {}, 'there').server.href, load(t, {}, {}, 'there').namespace],
    ['https://192.0.2.2/', 'default'],
  )
})

test('loadKubeEndpoints() names the kubeconfig that is no YAML, and says why in one line', (t) => {
  const path = join(folderWith(t, { config: 'x: [' }), 'config')
  assert.throws(
    () => loadKubeEndpoint({ kind: 'kubeconfig', paths: [path], context: undefined }),
    (error) =>
      error instanceof Error &&
      error.message.startsWith(`The kubeconfig ${path} is no YAML`) &&
      !error.message.includes('\n'),
  )
})

test('loadKubeEndpoints() takes certificates from data and from files beside the kubeconfig', async (t) => {
  const data = Buffer.from('CERT').toString('base64')
  const user = { 'client-certificate-data': data, 'client-key': 'pki/key' }
  const tls = await load(t, user, { 'certificate-authority': 'pki/ca.crt', 'tls-server-name': 'kubernetes' }).tls()
  const text = Object.fromEntries(Object.entries(tls).map(([name, value]) => [name, String(value)]))
  assert.deepEqual(text, { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kubernetes' })
})

test('loadKubeEndpoints() checks the server unless told not to', async (t) => {
  assert.deepEqual(await load(t, {}).tls(), {})
  assert.deepEqual(await load(t, {}, { 'insecure-skip-tls-verify': true }).tls(), { rejectUnauthorized: false })
})

test('loadKubeEndpoints() sends a token, a user with password, or who to be', async (t) => {
  assert.deepEqual(await load(t, { token: 'T' }).credentials(), { authorization: 'Bearer T' })
  assert.deepEqual(await load(t, { username: 'u', password: 'p' }).credentials(), { authorization: 'Basic dTpw' })
  assert.deepEqual(await load(t, { as: 'other' }).credentials(), { 'impersonate-user': 'other' })
  assert.deepEqual(await load(t, {}).credentials(), {})
})

test('loadKubeEndpoints() asks an exec plugin, as client-node does', async (t) => {
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'X' } }
  const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] }
  assert.deepEqual(await load(t, { exec }).credentials(), { authorization: 'Bearer X' })
})

test('loadKubeEndpoints() of a pod reads its token anew each time', async (t) => {
  const folder = folderWith(t, { token: 'one\n', 'ca.crt': 'CA', namespace: 'kube-system' })
  const endpoint = loadKubeEndpoint({
    kind: 'inCluster',
    addresses: [{ host: 'fd00::1', port: '443', serverName: undefined }],
    folder,
  })
  assert.deepEqual([endpoint.server.origin, endpoint.namespace], ['https://[fd00::1]', 'kube-system'])
  assert.deepEqual(await endpoint.credentials(), { authorization: 'Bearer one' })
  writeFileSync(join(folder, 'token'), 'two\n')
  assert.deepEqual(await endpoint.credentials(), { authorization: 'Bearer two' })
})

test('loadKubeEndpoints() names what it misses', (t) => {
  assert.throws(() => load(t, {}, {}, 'nowhere'), /has no nowhere among its contexts/)
  const folder = folderWith(t, { config: '{}' })
  const source = { kind: 'kubeconfig', context: undefined } as const
  assert.throws(() => loadKubeEndpoint({ ...source, paths: [join(folder, 'config')] }), /has no current-context/)
  assert.throws(() => loadKubeEndpoint({ ...source, paths: [join(folder, 'absent')] }), /absent/)
})

test('loadKubeEndpoints() refuses an auth provider and names the way out', (t) => {
  assert.throws(() => load(t, { 'auth-provider': { name: 'oidc', config: {} } }), /auth-provider oidc; an exec plugin/)
})

test('loadKubeEndpoints() of several files takes the first that has a name', (t) => {
  const folder = folderWith(t, { first: kubeconfig({}), second: kubeconfig({}).replace('192.0.2.1', '192.0.2.9') })
  const paths = [join(folder, 'first'), join(folder, 'second')]
  assert.equal(loadKubeEndpoint({ kind: 'kubeconfig', paths, context: undefined }).server.hostname, '192.0.2.1')
})
