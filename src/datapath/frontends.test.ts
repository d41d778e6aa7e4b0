import assert from 'node:assert/strict'
import test from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import { frontendsOf } from './frontends.ts'
import { notDoneOf } from './not-done.ts'
import { CONTEXT, sampleEndpoint, sampleService, sampleSlice } from './sample-services.ts'

const SLICES = [sampleSlice([sampleEndpoint('10.244.0.1', { nodeName: 'cp1' }), sampleEndpoint('10.244.1.1')])]
const keys = (service = sampleService()): readonly string[] =>
  frontendsOf(service, SLICES, CONTEXT).map(({ key, type }) => `${key} ${type}`)

test('frontendsOf() serves cluster IP, load balancer address and external IP of each port', () => {
  const service = sampleService({
    externalIps: [mustParseIp('192.168.10.80')],
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, nodePort: 0 },
      { name: 'dns', protocol: 'UDP', port: 53, nodePort: 0 },
    ],
  })
  assert.deepEqual(keys(service), [
    '10.43.0.10:80/TCP ClusterIP',
    '192.168.10.75:80/TCP LoadBalancer',
    '192.168.10.80:80/TCP ExternalIPs',
    '10.43.0.10:53/UDP ClusterIP',
    '192.168.10.75:53/UDP LoadBalancer',
    '192.168.10.80:53/UDP ExternalIPs',
  ])
})

test('frontendsOf() lets only addresses for the outside be reached from there', () => {
  const [cluster, balancer] = frontendsOf(sampleService(), SLICES, CONTEXT)
  assert.equal(cluster?.flags, LB_FLAGS.LB_CLUSTER_IP)
  assert.equal(balancer?.flags, LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE)
})

test('frontendsOf() gives externalTrafficPolicy Local two scopes: local backends outside, all inside', () => {
  const frontends = frontendsOf(sampleService({ externalTrafficPolicy: 'Local' }), SLICES, CONTEXT)
  const found = frontends.map(({ key, serving, flags }) => [
    key,
    serving.map((backend) => backend.key),
    (flags & LB_FLAGS.LB_TWO_SCOPES) !== 0,
  ])
  assert.deepEqual(found, [
    ['10.43.0.10:80/TCP', ['10.244.0.1:8080/TCP', '10.244.1.1:8080/TCP'], false],
    ['192.168.10.75:80/TCP', ['10.244.0.1:8080/TCP'], true],
    ['192.168.10.75:80/TCP/i', ['10.244.0.1:8080/TCP', '10.244.1.1:8080/TCP'], true],
  ])
})

test('frontendsOf() gives internalTrafficPolicy Local the local backends inside, and all outside', () => {
  const frontends = frontendsOf(sampleService({ internalTrafficPolicy: 'Local' }), SLICES, CONTEXT)
  assert.deepEqual(
    frontends.map(({ key, serving }) => [key, serving.length]),
    [
      ['10.43.0.10:80/TCP', 1],
      ['192.168.10.75:80/TCP', 2],
      ['192.168.10.75:80/TCP/i', 1],
    ],
  )
})

test('frontendsOf() serves nothing of an ExternalName, nothing for SCTP and nothing for IPv6', () => {
  assert.deepEqual(keys(sampleService({ type: 'ExternalName' })), [])
  assert.deepEqual(keys(sampleService({ ports: [{ name: '', protocol: 'SCTP', port: 80, nodePort: 0 }] })), [])
  assert.deepEqual(
    keys(sampleService({ clusterIps: [mustParseIp('fd00::1')], ingressIps: [mustParseIp('2001:db8::1')] })),
    [],
  )
})

test('frontendsOf() leaves a Service to the proxy that its label names', () => {
  const service = sampleService({ labels: { 'service.kubernetes.io/service-proxy-name': 'mesh' } })
  assert.deepEqual(keys(service), [])
  assert.deepEqual(
    notDoneOf(service, CONTEXT).map(({ message }) => message),
    ['label service.kubernetes.io/service-proxy-name leaves it to "mesh"'],
  )
})

test('frontendsOf() does not serve an address for all that is meant for some', () => {
  const service = sampleService({ sourceRanges: [mustParsePrefix('192.168.0.0/16')] })
  assert.deepEqual(keys(service), ['10.43.0.10:80/TCP ClusterIP'])
  assert.deepEqual(
    notDoneOf(service, CONTEXT).map(({ code }) => code),
    ['SourceRanges'],
  )
})

test('frontendsOf() keeps the load balancer address of a Service that is of another type now out of the maps', () => {
  assert.deepEqual(keys(sampleService({ type: 'ClusterIP' })), ['10.43.0.10:80/TCP ClusterIP'])
})

test('notDoneOf() names everything that a Service asks for in vain', () => {
  const service = sampleService({
    affinityTimeoutSeconds: 10_800,
    sourceRanges: [mustParsePrefix('10.0.0.0/8')],
    clusterIps: [mustParseIp('10.43.0.10'), mustParseIp('fd00::1')],
    annotations: { 'service.cilium.io/type': 'LoadBalancer', 'lbipam.cilium.io/ips': '192.168.10.75' },
    ports: [
      { name: 'a', protocol: 'TCP', port: 80, nodePort: 10_240 },
      { name: 'b', protocol: 'SCTP', port: 132, nodePort: 0 },
    ],
  })
  assert.deepEqual(
    notDoneOf(service, CONTEXT).map(({ code }) => code),
    ['SessionAffinity', 'SourceRanges', 'NodePort', 'Protocol', 'IPv6', 'Annotation'],
  )
  assert.deepEqual(notDoneOf(sampleService(), CONTEXT), [])
})

const NODE_PORT = sampleService({
  type: 'NodePort',
  ingressIps: [],
  ports: [
    { name: '', protocol: 'TCP', port: 80, nodePort: 30_080 },
    { name: 'dns', protocol: 'UDP', port: 53, nodePort: 0 },
  ],
})

test('frontendsOf() serves a node port at every InternalIP of this node, and at 0.0.0.0 for its loopback', () => {
  const ownAddresses = [mustParseIp('192.168.10.215'), mustParseIp('10.1.0.215')]
  const frontends = frontendsOf(NODE_PORT, SLICES, { ...CONTEXT, ownAddresses })
  assert.deepEqual(
    frontends.filter(({ type }) => type === 'NodePort').map(({ key, flags }) => [key, flags]),
    [
      ['0.0.0.0:30080/TCP', LB_FLAGS.LB_NODE_PORT],
      ['192.168.10.215:30080/TCP', LB_FLAGS.LB_NODE_PORT | LB_FLAGS.LB_ROUTABLE],
      ['10.1.0.215:30080/TCP', LB_FLAGS.LB_NODE_PORT | LB_FLAGS.LB_ROUTABLE],
    ],
  )
})

test('frontendsOf() gives a node port of externalTrafficPolicy Local the local backends outside, all inside', () => {
  const frontends = frontendsOf({ ...NODE_PORT, externalTrafficPolicy: 'Local' }, SLICES, CONTEXT)
  assert.deepEqual(
    frontends.filter(({ type }) => type === 'NodePort').map(({ key, serving }) => [key, serving.length]),
    [
      ['0.0.0.0:30080/TCP', 1],
      ['0.0.0.0:30080/TCP/i', 2],
      ['192.168.10.215:30080/TCP', 1],
      ['192.168.10.215:30080/TCP/i', 2],
    ],
  )
})

test('frontendsOf() leaves cluster IPs and node ports to kube-proxy where that is not replaced', () => {
  const context = { ...CONTEXT, kubeProxyReplacement: false }
  const service = { ...NODE_PORT, type: 'LoadBalancer' as const, ingressIps: [mustParseIp('192.168.10.75')] }
  const types = new Set(frontendsOf(service, SLICES, context).map(({ type }) => type))
  assert.deepEqual([...types], ['LoadBalancer'])
  assert.deepEqual(notDoneOf(service, context), [])
})

test('frontendsOf() serves no node port to which replies to forwarded connections come', () => {
  const ports = [{ name: '', protocol: 'TCP' as const, port: 80, nodePort: 29_999 }]
  const service = { ...NODE_PORT, ports }
  assert.deepEqual(keys(service), ['10.43.0.10:80/TCP ClusterIP'])
  assert.deepEqual(notDoneOf(service, CONTEXT), [
    {
      service: 'default/web',
      code: 'NodePort',
      message:
        'node port 29999 is not served: replies to forwarded connections come to ports 10240-29999, move these by BALISE_SNAT_PORTS',
    },
  ])
})
