import { type Operator, startOperator } from '#agents/operator/operator.ts'
import { DEFAULT_IPAM, type IpamSettings } from '#ipam/ownership.ts'
import type { Condition } from '#model/condition.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { EVENTS, POOLS, SERVICES } from '#ports/kube-resources.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import {
  encodeNodeFacts,
  LEASE_KIND_LABEL,
  LEASE_KIND_NODE,
  NODE_FACTS_ANNOTATION,
  nodeLeaseName,
} from '#l2/node-facts.ts'
import { createScenario, type Scenario } from './harness.ts'

/** A scenario with an operator in it. */
export interface OperatorWorld extends Scenario {
  operator(): Operator
  /** Ends the operator, without a chance to tidy up, and starts another. */
  restart(): Promise<void>
  /** Pools and Services as lines that people can read. */
  show(): string
  close(): Promise<void>
}

export async function createOperatorWorld(
  world: Scenario = createScenario(),
  ipam: Partial<IpamSettings> = {},
  metallbNamespace?: string,
): Promise<OperatorWorld> {
  let replica = 0
  let life = new AbortController()
  const start = (): Operator => {
    life = new AbortController()
    const { api, clock, log } = world
    const identity = `operator-${++replica}`
    const settings = { ...DEFAULT_IPAM, ...ipam }
    const options = {
      api,
      clock,
      log,
      random: () => 0.5,
      namespace: 'kube-system',
      identity,
      ipam: settings,
      metallbNamespace,
    }
    return startOperator(options, life.signal)
  }
  let operator = start()
  const stop = async (): Promise<void> => {
    life.abort(new Error('The operator is killed'))
    const closing = operator.close()
    await world.pass(3_000)
    await closing
  }
  await world.pass()
  return {
    ...world,
    operator: () => operator,
    async restart() {
      await stop()
      operator = start()
      await world.pass(3_000)
    },
    show: () => showWorld(world),
    close: stop,
  }
}

function showWorld({ api }: Scenario): string {
  return [...api.objects(POOLS).map(showPool), ...api.objects(SERVICES).map(showService)].join('\n')
}

/** `pool lab: total 4, available 3, used 1` and what else there is to say. */
function showPool(pool: KubeObject): string {
  const text = (type: string): string => conditionOf(pool, type)?.message ?? '?'
  const counts = `total ${text('cilium.io/IPsTotal')}, available ${text('cilium.io/IPsAvailable')}, used ${text('cilium.io/IPsUsed')}`
  const conflict = conditionOf(pool, 'cilium.io/PoolConflict')
  const valid = conditionOf(pool, 'balise.io/Valid')
  const remarks = [
    ...(conflict?.status === 'True' ? [`${conflict.reason}: ${conflict.message}`] : []),
    ...(valid?.status === 'False' ? [`${valid.reason}: ${valid.message}`] : []),
  ]
  return [`pool ${pool.metadata.name}: ${counts}`, ...remarks.map((remark) => `  ${remark}`)].join('\n')
}

/** `service default/web: 192.168.10.75, satisfied` */
function showService(service: KubeObject): string {
  const name = `service ${service.metadata.namespace}/${service.metadata.name}`
  const condition = conditionOf(service, 'cilium.io/IPAMRequestSatisfied')
  const line = `${name}: ${addressesOf(service).join(', ') || '<pending>'}, ${condition?.reason ?? 'no condition'}`
  return condition === undefined || condition.message === '' ? line : `${line}\n  ${condition.message}`
}

export function addressesOf(service: KubeObject | undefined): readonly string[] {
  const status = service?.['status'] as { loadBalancer?: { ingress?: readonly { ip: string }[] } } | undefined
  return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
}

export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  const status = object?.['status'] as { conditions?: readonly Condition[] } | undefined
  return status?.conditions?.find((condition) => condition.type === type)
}

/** `Normal IPAllocated web: Assigned 192.168.10.75`, oldest first. */
export function eventsOf({ api }: Scenario): readonly string[] {
  return api.objects(EVENTS).map((event) => {
    const { type, reason, message, involvedObject } = event as unknown as Record<string, string> & {
      involvedObject: { name: string }
    }
    return `${type} ${reason} ${involvedObject.name}: ${message}`
  })
}

export function poolYaml(name: string, start: string, stop: string, more = ''): string {
  return `
apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: ${name}}
spec:
  blocks: [{start: ${start}, stop: ${stop}}]
  ${more}
---
`
}

export function serviceYaml(name: string, more = '', metadata = ''): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default${metadata === '' ? '' : `, ${metadata}`}}
spec:
  type: LoadBalancer
  clusterIP: 10.43.0.10
  clusterIPs: [10.43.0.10]
  ipFamilies: [IPv4]
  ports: [{port: 80, protocol: TCP}]
  ${more}
---
`
}

/** A node whose agent has just renewed its Lease: it has these interfaces on 192.168.10.0/24, and holds these addresses. */
export function putNode(
  { api, clock }: Scenario,
  name: string,
  interfaces: readonly string[],
  holds: readonly string[] = [],
): void {
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } })
  const prefixes = [mustParsePrefix('192.168.10.0/24')]
  const devices = interfaces.map((device) => ({ name: device, mac: undefined, prefixes, carrier: true }))
  const facts = encodeNodeFacts({ devices, holds: new Map(holds.map((address) => [address, 1])) })
  api.put({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: nodeLeaseName(name),
      namespace: 'kube-system',
      labels: { [LEASE_KIND_LABEL]: LEASE_KIND_NODE },
      annotations: { [NODE_FACTS_ANNOTATION]: facts },
    },
    spec: { holderIdentity: name, leaseDurationSeconds: 15, renewTime: new Date(clock.nowMs()).toISOString() },
  })
}
