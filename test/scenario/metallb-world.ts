import { METALLB_NAMESPACE } from '#crd/metallb/kinds.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, EVENTS } from '#ports/kube-resources.ts'
import { createScenario, type Scenario } from './harness.ts'
import { createOperatorWorld, type OperatorWorld } from './operator-world.ts'

/** An operator that reads MetalLB's kinds as well. */
export function createMetallbWorld(world: Scenario = createScenario()): Promise<OperatorWorld> {
  return createOperatorWorld(world, {}, METALLB_NAMESPACE)
}

export function addressPoolYaml(name: string, addresses: string, more = ''): string {
  return `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: ${name}, namespace: ${METALLB_NAMESPACE}}
spec:
  addresses: [${addresses}]
  ${more}
---
`
}

/** The ConfigMap of MetalLB up to 0.12, with one pool. */
export function legacyYaml(name: string, addresses: string): string {
  const config = JSON.stringify({ 'address-pools': [{ name, protocol: 'layer2', addresses: [addresses] }] })
  return configMapYaml(config)
}

export function configMapYaml(config: string): string {
  return `
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: ${METALLB_NAMESPACE}}
data: {config: ${JSON.stringify(config)}}
---
`
}

/** Events on other objects than Services: `Warning InvalidConfiguration IPAddressPool blue: ...`. */
export function configurationEvents({ api }: Scenario): readonly string[] {
  return api.objects(EVENTS).flatMap((event) => {
    const { type, reason, message, involvedObject } = event as unknown as Record<string, string> & {
      involvedObject: { kind: string; name: string; apiVersion: string }
    }
    if (involvedObject.kind === 'Service') return []
    return [`${type} ${reason} ${involvedObject.kind} ${involvedObject.name}: ${message}`]
  })
}

export function statusOf(world: Scenario, name: string): unknown {
  return world.object(ADDRESS_POOLS, name, METALLB_NAMESPACE)?.['status']
}

/** The pool that a Service is told to have its address from. */
export function allocatedFrom(service: KubeObject | undefined): string | undefined {
  return service?.metadata.annotations?.['metallb.io/ip-allocated-from-pool']
}

/** How often the API was asked to patch objects of a kind. */
export function patchesOf({ api }: Scenario, plural: string): number {
  return api.requests.filter(({ verb, resource }) => verb === 'patch' && resource.plural === plural).length
}
