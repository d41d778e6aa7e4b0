import type { ApiClient } from '#lab/cluster/api-client.ts'
import {
  BACKEND_ADDRESS,
  BACKEND_LATENCY_PORT,
  BACKEND_RATE_PORT,
  LATENCY_PORT,
  RATE_PORT,
  vipOf,
} from './addresses.ts'

const NAMESPACE = 'default'
const AT_ONCE = 16

/** Creates the Services `from` to `to` (exclusive), each with two UDP ports, its address in its status, and one ready endpoint. */
export async function createServices(api: ApiClient, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, to - start) }, (_, i) => start + i)
    await Promise.all(batch.map((index) => createService(api, index)))
  }
}

async function createService(api: ApiClient, index: number): Promise<void> {
  const name = `perf-${index}`
  const services = `/api/v1/namespaces/${NAMESPACE}/services`
  const ports = [
    { name: 'latency', protocol: 'UDP', port: LATENCY_PORT, targetPort: BACKEND_LATENCY_PORT },
    { name: 'rate', protocol: 'UDP', port: RATE_PORT, targetPort: BACKEND_RATE_PORT },
  ]
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports }
  await expectStatus(api, 'POST', services, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })
  const status = { loadBalancer: { ingress: [{ ip: vipOf(index), ipMode: 'VIP' }] } }
  await expectStatus(api, 'PATCH', `${services}/${name}/status`, { status }, 'application/merge-patch+json')
  await expectStatus(api, 'POST', `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [
      { name: 'latency', protocol: 'UDP', port: BACKEND_LATENCY_PORT },
      { name: 'rate', protocol: 'UDP', port: BACKEND_RATE_PORT },
    ],
    endpoints: [{ addresses: [BACKEND_ADDRESS], conditions: { ready: true, serving: true, terminating: false } }],
  })
}

async function expectStatus(
  api: ApiClient,
  method: string,
  path: string,
  body: unknown,
  contentType?: string,
): Promise<void> {
  const answer = await api.send(method, path, body, contentType)
  if (answer.status >= 300) throw new Error(`${method} ${path} was answered with ${answer.status}: ${answer.body}`)
}
