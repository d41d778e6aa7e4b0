import type { EndpointSlice } from '#model/endpoint-slice.ts'
import { formatIp } from '#model/ip.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import { isPort } from './backends.ts'
import { otherProxy } from './not-done.ts'

/** What a node says of a Service at its `healthCheckNodePort`: whether a load balancer elsewhere should send to it. */
export interface HealthCheck {
  readonly namespace: string
  readonly name: string
  /** Ready endpoints on this node. */
  readonly localEndpoints: number
}

/**
 * Health checks of all Services with `externalTrafficPolicy: Local` of type LoadBalancer, by port. Endpoints are those of the Service's first
 * family, so that a pod with two addresses counts once.
 */
export function healthChecksOf(
  services: Iterable<Service>,
  slicesOf: (service: ServiceKey) => readonly EndpointSlice[],
  nodeName: string,
): ReadonlyMap<number, HealthCheck> {
  const checks = new Map<number, HealthCheck>()
  for (const service of services) {
    const { namespace, name, type, externalTrafficPolicy, healthCheckNodePort } = service
    if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || otherProxy(service) !== undefined) continue
    if (!isPort(healthCheckNodePort)) continue
    const localEndpoints = countLocal(slicesOf(serviceKey(service)), service.families[0] ?? 'IPv4', nodeName)
    checks.set(healthCheckNodePort, { namespace, name, localEndpoints })
  }
  return checks
}

function countLocal(slices: readonly EndpointSlice[], family: string, nodeName: string): number {
  const local = slices
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => endpoint.ready && endpoint.nodeName === nodeName && endpoint.address.family === family)
  return new Set(local.map(({ address }) => formatIp(address))).size
}
