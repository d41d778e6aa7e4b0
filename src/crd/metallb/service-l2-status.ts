import { readMetadata } from '#crd/metadata.ts'
import { elements, field, readText, rootPlace } from '#crd/place.ts'
import { METALLB_GROUP } from './kinds.ts'

/** That a node answers for a Service: what `kubectl get servicel2statuses` shows. */
export interface ServiceL2Status {
  readonly node: string
  readonly serviceNamespace: string
  readonly serviceName: string
  /** Names of the devices on which it answers, sorted. */
  readonly interfaces: readonly string[]
}

/** An object that says so, as it stands in the API. */
export interface ServiceL2StatusObject {
  readonly name: string
  readonly resourceVersion: string
  /** Undefined before its status was written. */
  readonly status: ServiceL2Status | undefined
}

/** Marks the objects that Balise wrote: those of MetalLB's speakers are theirs to take away. */
export const MANAGED_LABEL = 'app.kubernetes.io/managed-by'
export const MANAGED_BY = 'balise'

/** Labels as MetalLB sets them, by which objects are looked for. */
const NODE_LABEL = 'metallb.io/node'
const SERVICE_NAME_LABEL = 'metallb.io/service-name'
const SERVICE_NAMESPACE_LABEL = 'metallb.io/service-namespace'
const LONGEST_LABEL = 63

/** A ServiceL2Status (metallb.io/v1beta1) to create. The API drops its status then: that is written apart. */
export function newServiceL2Status(name: string, namespace: string, status: ServiceL2Status): object {
  return {
    apiVersion: `${METALLB_GROUP}/v1beta1`,
    kind: 'ServiceL2Status',
    metadata: {
      name,
      namespace,
      labels: {
        [MANAGED_LABEL]: MANAGED_BY,
        [NODE_LABEL]: labelOf(status.node),
        [SERVICE_NAME_LABEL]: labelOf(status.serviceName),
        [SERVICE_NAMESPACE_LABEL]: labelOf(status.serviceNamespace),
      },
    },
  }
}

/** The part of it that is written as its status. */
export function serviceL2StatusBody({ interfaces, ...who }: ServiceL2Status): object {
  return { ...who, interfaces: interfaces.map((name) => ({ name })) }
}

export function readServiceL2Status(object: unknown): ServiceL2StatusObject {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  const status = field(root, 'status')
  const node = readText(field(status, 'node'))
  const read: ServiceL2Status = {
    node,
    serviceNamespace: readText(field(status, 'serviceNamespace')),
    serviceName: readText(field(status, 'serviceName')),
    interfaces: elements(field(status, 'interfaces')).map((one) => readText(field(one, 'name'))),
  }
  return {
    name: metadata?.name ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    status: node === '' ? undefined : read,
  }
}

/** Names of nodes may be longer than the value of a label. */
function labelOf(name: string): string {
  return name.slice(0, LONGEST_LABEL).replace(/[^A-Za-z0-9]+$/, '')
}
