import type { Service } from './service.ts'

/** A Service of type LoadBalancer for tests, with nothing in it but what a test says. */
export function bareService(fields: Partial<Service> & Pick<Service, 'name'>): Service {
  return {
    namespace: 'default',
    uid: '',
    resourceVersion: '',
    generation: 0,
    creationTimestampMs: 0,
    type: 'LoadBalancer',
    labels: {},
    annotations: {},
    loadBalancerClass: '',
    loadBalancerIp: undefined,
    clusterIps: [],
    headless: false,
    externalIps: [],
    ingressIps: [],
    ports: [],
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 0,
    families: ['IPv4'],
    familyPolicy: 'SingleStack',
    affinityTimeoutSeconds: 0,
    sourceRanges: [],
    selector: {},
    conditions: [],
    ...fields,
  }
}
