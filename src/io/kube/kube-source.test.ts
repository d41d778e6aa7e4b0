import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubeSource, SERVICE_ACCOUNT_FOLDER } from './kube-source.ts'

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.43.0.1', KUBERNETES_SERVICE_PORT: '443' }

test('kubeSource() prefers what is named, then KUBECONFIG, then the pod, then the home', () => {
  const config = (...paths: readonly string[]): object => ({ kind: 'kubeconfig', paths, context: undefined })
  const environment = { ...IN_POD, KUBECONFIG: '/a:/b', HOME: '/home/me' }
  assert.deepEqual(kubeSource({ kubeconfig: '/given', environment }), config('/given'))
  assert.deepEqual(kubeSource({ environment }), config('/a', '/b'))
  const inCluster = { kind: 'inCluster', host: '10.43.0.1', port: '443', folder: SERVICE_ACCOUNT_FOLDER }
  assert.deepEqual(kubeSource({ environment: { ...IN_POD, HOME: '/home/me' } }), inCluster)
  assert.deepEqual(kubeSource({ environment: { HOME: '/home/me' } }), config('/home/me/.kube/config'))
})

test('kubeSource() takes a context to mean a kubeconfig, in a pod too', () => {
  assert.deepEqual(kubeSource({ context: 'x', environment: { ...IN_POD, HOME: '/h' } }), {
    kind: 'kubeconfig',
    paths: ['/h/.kube/config'],
    context: 'x',
  })
})

test('kubeSource() follows another host and port, as the chart sets them', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'localhost', KUBERNETES_SERVICE_PORT: '7445' }
  const source = kubeSource({ environment })
  assert.deepEqual(source.kind === 'inCluster' && [source.host, source.port], ['localhost', '7445'])
})
