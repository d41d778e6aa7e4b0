import type { Ip } from './ip.ts'
import type { L4Protocol, ServiceKey } from './service.ts'

/** The fields in use of a discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice {
  readonly namespace: string
  readonly name: string
  /** The Service of label `kubernetes.io/service-name`, as `namespace/name`. */
  readonly service: ServiceKey
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface EndpointPort {
  /** Matches `ServicePort.name`. */
  readonly name: string
  readonly protocol: L4Protocol
  readonly port: number
}

export interface Endpoint {
  readonly address: Ip
  /** Empty when the slice does not say. */
  readonly nodeName: string
  readonly ready: boolean
  /** Ready or still able to serve while terminating. */
  readonly serving: boolean
  readonly terminating: boolean
  readonly zone: string
}
