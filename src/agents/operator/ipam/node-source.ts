import { type NodeRequest, readNodeRequest } from '#crd/node-request.ts'
import { assignNodes, type NodeAssignment } from '#ipam/node-ipam.ts'
import { endpointNodes } from '#l2/claims.ts'
import type { EndpointSlice } from '#model/endpoint-slice.ts'
import type { Node } from '#model/node.ts'
import { type Service, type ServiceKey, serviceKey } from '#model/service.ts'
import type { Informer } from '#runtime/informer.ts'

/** What node IPAM is made from. */
export interface NodeSources {
  readonly nodes: Informer<Node>
  readonly slices: Informer<EndpointSlice>
}

/** Gives Services the addresses of nodes, from one look at nodes and endpoints. */
export type AssignNodes = (service: Service) => NodeAssignment

/** Undefined where node IPAM is off, and while nodes and endpoints are not listed: what was written then stays. */
export function nodeAssigner(sources: NodeSources | undefined): AssignNodes | undefined {
  if (sources === undefined || !sources.nodes.status().synced || !sources.slices.status().synced) return undefined
  const nodes = [...sources.nodes.items().values()]
  let slices: ReadonlyMap<ServiceKey, readonly EndpointSlice[]> | undefined
  return (service) => {
    slices ??= Map.groupBy(sources.slices.items().values(), (slice) => slice.service)
    const { nodes: wanted, mistakes }: NodeRequest = readNodeRequest(service)
    const own = slices.get(serviceKey(service)) ?? []
    return assignNodes({ service, wanted, mistakes, nodes, endpointNodes: endpointNodes(own) })
  }
}
