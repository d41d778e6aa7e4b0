import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubeSource, SERVICE_ACCOUNT_FOLDER } from './kube-source.ts'

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.43.0.1', KUBERNETES_SERVICE_PORT: '443' }

test('kubeSource() prefers what is named, then KUBECONFIG, then the pod, then the home', () => {
  const config = (...paths: readonly string[]): object => ({ kind: 'kubeconfig', paths, context: undefined })
  const environment = { ...IN_POD, KUBECONFIG: '/a:/b', HOME: '/home/me' }
  assert.deepEqual(kubeSource({ kubeconfig: '/given', environment }), config('/given'))
  assert.deepEqual(kubeSource({ environment }), config('/a', '/b'))
  const inPod = kubeSource({ environment: { ...IN_POD, HOME: '/home/me' } })
  assert.deepEqual(inPod.kind === 'inCluster' && inPod.folder, SERVICE_ACCOUNT_FOLDER)
  assert.deepEqual(kubeSource({ environment: { HOME: '/home/me' } }), config('/home/me/.kube/config'))
})

test('kubeSource() takes a context to mean a kubeconfig, in a pod too', () => {
  assert.deepEqual(kubeSource({ context: 'x', environment: { ...IN_POD, HOME: '/h' } }), {
    kind: 'kubeconfig',
    paths: ['/h/.kube/config'],
    context: 'x',
  })
})

function addressesOf(environment: Readonly<Record<string, string>>): readonly string[] {
  const source = kubeSource({ environment })
  assert.equal(source.kind, 'inCluster')
  return source.addresses.map(({ host, port, serverName }) => [`${host}:${port}`, serverName].join(' ').trim())
}

test('kubeSource() looks for the API of a pod on its node before the address of the Service', () => {
  const wanted = ['localhost:7445 kubernetes.default.svc', '127.0.0.1:6444 kubernetes.default.svc', '10.43.0.1:443']
  for (const host of ['', 'auto']) assert.deepEqual(addressesOf({ ...IN_POD, BALISE_API_HOST: host }), wanted)
})

test('kubeSource() takes the address that the settings name, and no other', () => {
  assert.deepEqual(addressesOf({ ...IN_POD, BALISE_API_HOST: 'localhost', BALISE_API_PORT: '7445' }), [
    'localhost:7445',
  ])
  assert.deepEqual(addressesOf({ BALISE_API_HOST: 'api.example', BALISE_API_PORT: '0' }), ['api.example:443'])
})
