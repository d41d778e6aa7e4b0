import type { CniProblem } from '#cni/problem.ts'
import { formatDenial } from '#crd/denial.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import type { Device } from '#model/device.ts'
import type { Node } from '#model/node.ts'
import { LEASES } from '#ports/kube-resources.ts'
import type { InformerStatus } from '#runtime/informer.ts'
import type { Failure } from '#runtime/failure.ts'
import { NS_PER_MS } from './clock-ns.ts'
import type { DatapathState } from '#agents/agent/datapath/datapath.ts'
import type { L2State } from '#agents/agent/l2/l2.ts'
import { isIpv6Only } from './families.ts'
import type { ObjectMistakes } from './object-mistakes.ts'
import type { Finding } from './problems.ts'

/** All that may be wrong, as values. */
export interface Facts {
  readonly namespace: string
  readonly informers: readonly (readonly [KubeResource, Pick<InformerStatus, 'synced' | 'lastFailure'>])[]
  readonly mistakes: readonly ObjectMistakes[]
  readonly lease: { readonly name: string; readonly failure: Failure | undefined; readonly stale: boolean }
  readonly datapath: Pick<DatapathState, 'failures' | 'failed' | 'held'>
  readonly devices: {
    readonly chosen: readonly Pick<Device, 'addresses'>[]
    readonly existing: readonly string[]
    readonly patterns: readonly string[]
  }
  readonly attachFailures: ReadonlyMap<string, string>
  readonly cgroupFailure: string | undefined
  readonly l2: Pick<L2State, 'announcements' | 'entries' | 'refused' | 'elections'>
  readonly podNetwork: readonly CniProblem[]
  /** The Node object of this node; undefined where it is not known. */
  readonly node: Pick<Node, 'internalIps' | 'podCidrs'> | undefined
  readonly monotonicMs: number
}

/** What is not as it should be, with the remedy. */
export function findingsOf(facts: Facts): readonly Finding[] {
  return [
    ...kubernetesFindings(facts),
    ...objectFindings(facts),
    ...datapathFindings(facts),
    ...l2Findings(facts),
    ...podNetworkFindings(facts),
  ]
}

/** `services`, `leases.coordination.k8s.io` */
export function resourceName({ plural, group }: KubeResource): string {
  return group === '' ? plural : `${plural}.${group}`
}

/** Every attempt is made again by itself. */
const API_REMEDY = 'look whether the API server runs, and whether this node reaches it (k8sServiceHost, k8sServicePort)'

function kubernetesFindings({ informers, lease, namespace }: Facts): readonly Finding[] {
  const findings: Finding[] = []
  for (const [resource, { lastFailure, synced }] of informers) {
    if (lastFailure === undefined) continue
    const isForbidden = lastFailure.code === 'Forbidden'
    const isOurs = resource.plural === LEASES.plural
    const needed = isOurs ? LEASE_RULE : { group: resource.group, resource: resource.plural, verbs: ['list', 'watch'] }
    findings.push({
      severity: isForbidden || !synced ? 'error' : 'warning',
      component: 'kubernetes',
      code: isForbidden ? 'WatchForbidden' : 'WatchFailed',
      message: isForbidden
        ? formatDenial(lastFailure.message, needed, isOurs ? namespace : undefined)
        : `${resourceName(resource)} cannot be watched, what is known of them stays: ${lastFailure.message}; ${API_REMEDY}`,
    })
  }
  if (lease.failure === undefined) return findings
  const isForbidden = lease.failure.code === 'Forbidden'
  findings.push({
    severity: isForbidden || lease.stale ? 'error' : 'warning',
    component: 'kubernetes',
    code: isForbidden ? 'LeaseForbidden' : 'LeaseNotRenewed',
    message: isForbidden
      ? `This node cannot announce addresses without its Lease ${namespace}/${lease.name}. ${formatDenial(lease.failure.message, LEASE_RULE, namespace)}`
      : `Lease ${namespace}/${lease.name} is not renewed, addresses go on being answered for: ${lease.failure.message}; ${API_REMEDY}`,
  })
  return findings
}

/** So many objects with mistakes are named; of the others there is the number. */
const NAMED_OBJECTS = 5

function objectFindings({ mistakes }: Facts): readonly Finding[] {
  const named = mistakes.slice(0, NAMED_OBJECTS).map(({ text }) => `${text}; until then this is left out`)
  const further = mistakes.length - named.length
  const messages =
    further === 0 ? named : [...named, `${further} further objects have mistakes: mend those that are named first`]
  return messages.map((message) => ({ severity: 'warning', component: 'kubernetes', code: 'ObjectMistakes', message }))
}

/** What an agent does with Leases, in its own namespace alone. */
const LEASE_RULE = {
  group: LEASES.group,
  resource: LEASES.plural,
  verbs: ['get', 'list', 'watch', 'create', 'patch'],
}

function datapathFindings(facts: Facts): readonly Finding[] {
  const { datapath, attachFailures, cgroupFailure } = facts
  const findings: Finding[] = []
  const add = (severity: Finding['severity'], code: string, message: string): void =>
    void findings.push({ severity, component: 'datapath', code, message })
  for (const [device, why] of attachFailures)
    add(
      'error',
      'AttachFailed',
      `Programs do not hang on device ${device}: ${why}; 'balise debuginfo' shows where they do, 'bpftool net show' on the node who else holds the hook; leave out a device that is not of the LAN (devices)`,
    )
  if (cgroupFailure !== undefined) {
    add(
      'error',
      'CgroupFailed',
      `Services are not reachable from this node and its pods: ${cgroupFailure}; set BALISE_CGROUP_ROOT to a cgroup2 mount`,
    )
  }
  for (const [code, message] of addressFindings(facts)) add('error', code, message)
  for (const failure of datapath.failures.slice(0, 3))
    add(
      'error',
      'MapWriteFailed',
      `The kernel refused to ${failure}; it is tried again; 'balise status --verbose' shows which map is full: have fewer Services or endpoints`,
    )
  if (datapath.failed.size > 0) {
    const names = [...datapath.failed.keys()]
    add(
      'error',
      'NotRealized',
      `${names.length} frontends are not served as they should be: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}; 'balise service list' says why for each`,
    )
  }
  if (datapath.held > 0) {
    add(
      'warning',
      'BackendsHeld',
      `${datapath.held} frontends have no ready endpoint and keep their last ones while nodes report after an outage`,
    )
  }
  return findings
}

/** Devices and addresses that load balancing needs, which is IPv4 alone: a node without IPv4 lacks nothing. */
function addressFindings({ devices, node, informers }: Facts): readonly (readonly [code: string, message: string])[] {
  const { chosen, patterns, existing } = devices
  const findings: (readonly [code: string, message: string])[] = []
  const there = `there are ${existing.join(', ') || 'none'}`
  if (chosen.length === 0 && patterns.length > 0)
    findings.push(['NoDevice', `BALISE_DEVICES ${patterns.join(',')} matches no device: ${there}`])
  const isKnown = node !== undefined || informers.every(([, { synced }]) => synced)
  if (!isKnown || isIpv6Only(node, chosen)) return findings
  if (chosen.length === 0 && patterns.length === 0)
    findings.push(['NoDevice', `No device has a global IPv4 address: ${there}`])
  if (node?.internalIps.some(({ family }) => family === 'IPv4') !== true) {
    const message =
      'The Node object has no IPv4 InternalIP, nothing is forwarded to backends of other nodes: set --node-ip of the kubelet to the IPv4 address of the node'
    findings.push(['NoNodeAddress', message])
  }
  return findings
}

/** How long a claim of another station is reported after it was seen. */
const CONFLICT_SHOWN_MS = 60_000

function l2Findings({ l2, monotonicMs }: Facts): readonly Finding[] {
  const findings: Finding[] = []
  for (const [address, { state }] of l2.announcements) {
    if (state.kind !== 'Yielded') continue
    const message = `${address} was yielded to another station while the API could not be reached: 'balise l2 list' on another node says who answers; it may come back once this node reaches the API`
    findings.push({ severity: 'warning', component: 'l2', code: 'Yielded', message })
  }
  for (const { text, entry } of l2.entries) {
    const agoMs = monotonicMs - Number(entry.conflictNs / NS_PER_MS)
    if (entry.conflictMac === undefined || agoMs > CONFLICT_SHOWN_MS) continue
    const message = `${text} is also claimed by ${entry.conflictMac}: find the station that has it, or take the address out of the pool`
    findings.push({ severity: 'warning', component: 'l2', code: 'AddressConflict', message })
  }
  for (const [address, why] of [...l2.refused].slice(0, 3)) {
    findings.push({
      severity: 'error',
      component: 'l2',
      code: 'ResponderWriteFailed',
      message: `${address} cannot be answered for: ${why}; it is tried again; 'balise status --verbose' shows whether the map l2_responder4 is full: take addresses away`,
    })
  }
  const unowned = [...l2.elections].filter(([, { owner }]) => owner === undefined).map(([address]) => address)
  if (unowned.length > 0) {
    const message = `Nobody answers for ${unowned.slice(0, 5).join(', ')}${unowned.length > 5 ? ', ...' : ''}: 'balise l2 list' says why for each node`
    findings.push({ severity: 'warning', component: 'l2', code: 'Unowned', message })
  }
  return findings
}

function podNetworkFindings({ podNetwork }: Facts): readonly Finding[] {
  return podNetwork.map((problem) => ({ ...problem, component: 'cni' }))
}
