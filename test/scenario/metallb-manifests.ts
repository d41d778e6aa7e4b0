import { IPAM_CONDITION } from '#ipam/ownership.ts'
import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'

export function advertisementYaml(spec = '{}', name = 'ad'): string {
  return `
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: ${name}, namespace: ${METALLB_NAMESPACE}, generation: 1}
spec: ${spec}
---
`
}

/** A Service that has its addresses from us. */
export function servedService(
  name: string,
  ips: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
  namespace = 'default',
): KubeObject {
  const condition = { type: IPAM_CONDITION, status: 'True', reason: 'satisfied', message: '' }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, annotations },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP' }],
    },
    status: { conditions: [condition], loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }
}
