import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { formatIp } from '#model/ip.ts'
import { decodeService } from './service.ts'

/** As an API server of Kubernetes 1.36 gives it. */
const NGINX = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'nginx',
    namespace: 'test-loadbalancer',
    uid: 'c0ffee',
    resourceVersion: '17',
    creationTimestamp: '2026-11-22T07:32:11Z',
    labels: { app: 'nginx' },
    annotations: { 'lbipam.cilium.io/ips': '192.168.10.75', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.43.110.54',
    clusterIPs: ['10.43.110.54'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    externalIPs: ['192.168.10.90'],
    externalTrafficPolicy: 'Local',
    internalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 31000,
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    loadBalancerSourceRanges: ['10.0.0.0/8'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80, nodePort: 31150 }],
    selector: { app: 'nginx' },
  },
  status: {
    loadBalancer: {
      ingress: [{ ip: '192.168.10.75', ipMode: 'VIP' }, { ip: '1.2.3.4', ipMode: 'Proxy' }, { hostname: 'x' }],
    },
    conditions: [
      { type: 'a/B', status: 'True', reason: 'r', message: 'm', lastTransitionTime: '2026-11-22T07:32:11Z' },
    ],
  },
}

test('decodeService() reads what an API server gives', () => {
  const { value, mistakes } = decodeService(NGINX)
  assert.deepEqual(mistakes, [])
  assert.ok(value !== undefined)
  const { clusterIps, externalIps, ingressIps, sourceRanges, conditions, ...rest } = value
  assert.deepEqual(
    [clusterIps, externalIps, ingressIps].map((ips) => ips.map(formatIp).join()),
    ['10.43.110.54', '192.168.10.90', '192.168.10.75'],
  )
  assert.equal(sourceRanges.length, 1)
  assert.equal(conditions[0]?.type, 'a/B')
  assert.deepEqual(rest, {
    namespace: 'test-loadbalancer',
    name: 'nginx',
    uid: 'c0ffee',
    resourceVersion: '17',
    generation: 0,
    creationTimestampMs: Date.UTC(2026, 10, 22, 7, 32, 11),
    type: 'LoadBalancer',
    labels: { app: 'nginx' },
    annotations: { 'lbipam.cilium.io/ips': '192.168.10.75' },
    loadBalancerClass: '',
    loadBalancerIp: undefined,
    headless: false,
    ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 31150 }],
    externalTrafficPolicy: 'Local',
    internalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 31000,
    families: ['IPv4'],
    familyPolicy: 'SingleStack',
    affinityTimeoutSeconds: 60,
    selector: { app: 'nginx' },
  })
})

const decodeSpec = (spec: unknown) => decodeService({ metadata: { name: 's', namespace: 'n' }, spec })

test('decodeService() sees a headless Service', () => {
  const { value } = decodeSpec({ clusterIP: 'None', clusterIPs: ['None'] })
  assert.deepEqual([value?.headless, value?.clusterIps], [true, []])
})

test('decodeService() takes the default of Kubernetes for an affinity without a timeout', () => {
  assert.equal(decodeSpec({ sessionAffinity: 'ClientIP' }).value?.affinityTimeoutSeconds, 10_800)
})

test('decodeService() takes a source range with white space, as kube-proxy does', () => {
  assert.deepEqual(decodeSpec({ loadBalancerSourceRanges: [' 10.0.0.0/8 '] }).mistakes, [])
})

test('decodeService() names a loadBalancerIP that is no address, and goes on without it', () => {
  const { value, mistakes } = decodeSpec({ loadBalancerIP: '10.0.0.300' })
  assert.equal(value?.loadBalancerIp, undefined)
  assert.deepEqual(mistakes.map(formatMistake), [
    'spec.loadBalancerIP "10.0.0.300" is not an IP address: write an address like 192.168.10.75 or fd00::75',
  ])
})

test('decodeService() has no value without a name', () => {
  assert.equal(decodeService({ metadata: {} }).value, undefined)
  assert.equal(decodeService(null).value, undefined)
})

test('decodeService() never throws', () => {
  const anyField = fc.constantFrom(
    'type',
    'ports',
    'clusterIPs',
    'ipFamilies',
    'externalIPs',
    'sessionAffinity',
    'selector',
  )
  fc.assert(
    fc.property(anyField, fc.anything(), fc.anything(), (field, value, status) => {
      const decoded = decodeService({ metadata: { name: 's' }, spec: { [field]: value }, status })
      assert.ok(decoded.value !== undefined)
    }),
  )
})
