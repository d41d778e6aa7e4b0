/** Values for the tests of this folder and of what stands on it. */
import type { Endpoint, EndpointSlice } from '#model/endpoint-slice.ts'
import { mustParseIp } from '#model/ip.ts'
import { bareService } from '#model/service.fake.ts'
import type { Service } from '#model/service.ts'
import type { ClusterContext } from './backends.ts'

export const CONTEXT: ClusterContext = {
  nodeName: 'cp1',
  nodeAddresses: new Map([
    ['cp1', mustParseIp('192.168.10.215')],
    ['node1', mustParseIp('192.168.10.216')],
  ]),
  ownAddresses: [mustParseIp('192.168.10.215')],
  kubeProxyReplacement: true,
  snatPorts: { min: 10_240, max: 29_999 },
}

export function sampleService(overrides: Partial<Service> = {}): Service {
  return bareService({
    name: 'web',
    uid: '1',
    creationTimestampMs: 1000,
    clusterIps: [mustParseIp('10.43.0.10')],
    ingressIps: [mustParseIp('192.168.10.75')],
    ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: 0 }],
    ...overrides,
  })
}

export function sampleEndpoint(address: string, overrides: Partial<Endpoint> = {}): Endpoint {
  const ready = overrides.ready ?? true
  return {
    address: mustParseIp(address),
    nodeName: 'node1',
    ready,
    serving: ready,
    terminating: false,
    zone: '',
    ...overrides,
  }
}

export function sampleSlice(endpoints: readonly Endpoint[], overrides: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    namespace: 'default',
    name: 'web-abc',
    service: 'default/web',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints,
    ...overrides,
  }
}
