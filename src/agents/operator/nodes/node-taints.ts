import type { EventText } from '#agents/event-recorder.ts'
import { decodeNode } from '#crd/node.ts'
import { formatTime } from '#crd/merge-conditions.ts'
import type { Mode } from '#cni/mode.ts'
import type { Node } from '#model/node.ts'
import type { KubeObject } from '#ports/kube-api.ts'

/** The key of the taint under our own name, beside the one that is configured. */
export const OWN_TAINT_KEY = 'node.balise.io/agent-not-ready'
/** What users of Cilium put on nodes until an agent runs there. */
export const DEFAULT_TAINT_KEY = 'node.cilium.io/agent-not-ready'
/** core/v1 NodeConditionType */
const NETWORK_UNAVAILABLE = 'NetworkUnavailable'
const NETWORK_REASON = 'BaliseIsUp'

/** What the operator does on nodes whose network is ours. The names are those of Cilium's chart. */
export interface NodeTaintSettings {
  /** Takes the taints away once the agent is ready. */
  readonly removeNodeTaints: boolean
  /** Puts the taint back when the agent has ceased to run. */
  readonly setNodeTaints: boolean
  /** Says by a condition of the node that its network works. */
  readonly setNodeNetworkStatus: boolean
  readonly agentNotReadyTaintKey: string
}

export const DEFAULT_NODE_TAINTS: NodeTaintSettings = {
  removeNodeTaints: true,
  setNodeTaints: true,
  setNodeNetworkStatus: true,
  agentNotReadyTaintKey: DEFAULT_TAINT_KEY,
}

/** A node with what is changed on it, as it came. */
export interface NodeRecord extends Node {
  readonly resourceVersion: string
  /** `spec.taints`; undefined when there is no such field. */
  readonly taints: readonly unknown[] | undefined
  /**
   * What `status.conditions` says of NetworkUnavailable, and where; or, as long as it says nothing, all that is in it: undefined when there is no
   * such list.
   */
  readonly network:
    | { readonly kind: 'said'; readonly index: number; readonly condition: unknown }
    | { readonly kind: 'unsaid'; readonly conditions: readonly unknown[] | undefined }
}

export function nodeRecord(object: KubeObject): NodeRecord | undefined {
  const node = decodeNode(object).value
  if (node === undefined) return undefined
  const taints = listIn(object['spec'], 'taints')
  const conditions = listIn(object['status'], 'conditions')
  const index = conditions?.findIndex((condition) => textIn(condition, 'type') === NETWORK_UNAVAILABLE) ?? -1
  return {
    ...node,
    resourceVersion: object.metadata.resourceVersion ?? '',
    taints,
    network: index < 0 ? { kind: 'unsaid', conditions } : { kind: 'said', index, condition: conditions?.[index] },
  }
}

/**
 * What is known of the agent of a node. `ready`: it renews its Lease. `gone`: it did, and has let it run out. `unknown`: it never had one, or it
 * cannot be said yet.
 */
export type AgentState = 'ready' | 'gone' | 'unknown'

export interface AgentReport {
  readonly state: AgentState
  /** Whose network the node has, as its agent said last. */
  readonly mode: Mode | undefined
}

/** A JSON patch (RFC 6902) of a node or of its status. It tests what it changes, so that it never overwrites what others wrote since. */
export interface NodeChange {
  readonly subresource: 'status' | undefined
  readonly patch: readonly unknown[]
  /** `taint node.cilium.io/agent-not-ready removed`: for the log. */
  readonly text: string
  /** For the user, when it is made. */
  readonly event: EventText
}

/** The changes of a node, of its taints and of its condition apart: rights to one may lack where those to the other are there. */
export interface NodeChanges {
  readonly taints: NodeChange | undefined
  readonly network: NodeChange | undefined
}

const NO_CHANGES: NodeChanges = { taints: undefined, network: undefined }

/** Nothing is done to nodes whose network is not ours, nor to those of which nothing is known. */
export function planNode(
  node: NodeRecord,
  { state, mode }: AgentReport,
  settings: NodeTaintSettings,
  nowMs: number,
): NodeChanges {
  if (mode === undefined || mode === 'none' || state === 'unknown') return NO_CHANGES
  if (state === 'gone')
    return { taints: settings.setNodeTaints ? addTaint(node, settings) : undefined, network: undefined }
  return {
    taints: settings.removeNodeTaints ? removeTaints(node, settings) : undefined,
    network: settings.setNodeNetworkStatus && mode === 'full' ? sayNetworkWorks(node, nowMs) : undefined,
  }
}

/** All of our keys, whatever their effect and value; the last first, so that the places of the others stay what they are. */
function removeTaints(
  { taints = [] }: NodeRecord,
  { agentNotReadyTaintKey }: NodeTaintSettings,
): NodeChange | undefined {
  const keys = new Set([agentNotReadyTaintKey, OWN_TAINT_KEY])
  const ours = Array.from(taints, (taint, index) => ({ taint, index })).filter(({ taint }) =>
    keys.has(textIn(taint, 'key')),
  )
  if (ours.length === 0) return undefined
  const patch = ours.toReversed().flatMap(({ taint, index }) => {
    const path = `/spec/taints/${index}`
    return [
      { op: 'test', path, value: taint },
      { op: 'remove', path },
    ]
  })
  const text = `${namesOf(ours.map(({ taint }) => taint))} removed`
  const message = `Removed ${namesOf(ours.map(({ taint }) => taint))}: the agent of the node runs`
  return { subresource: undefined, patch, text, event: { type: 'Normal', reason: 'AgentReady', message } }
}

/** New pods stay away; those that are there go on, as the datapath does. */
function addTaint({ taints, resourceVersion }: NodeRecord, settings: NodeTaintSettings): NodeChange | undefined {
  const key = settings.agentNotReadyTaintKey
  if (taints?.some((taint) => textIn(taint, 'key') === key) === true) return undefined
  const taint = { key, effect: 'NoSchedule' }
  const patch = addToList('/spec/taints', taints, taint, resourceVersion)
  const message = `Set ${namesOf([taint])}: the agent of the node has let its Lease run out; see its pod on this node`
  const event = { type: 'Warning', reason: 'AgentNotReady', message } as const
  return { subresource: undefined, patch, text: `${namesOf([taint])} set`, event }
}

/** A condition that is False already is another's word for the same, and stays. */
function sayNetworkWorks({ network, resourceVersion }: NodeRecord, nowMs: number): NodeChange | undefined {
  if (network.kind === 'said' && textIn(network.condition, 'status') === 'False') return undefined
  const time = formatTime(nowMs)
  const value = {
    type: NETWORK_UNAVAILABLE,
    status: 'False',
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason: NETWORK_REASON,
    message: 'Balise is running on this node',
  }
  const list = '/status/conditions'
  const patch =
    network.kind === 'said'
      ? replaceInList(list, network, value)
      : addToList(list, network.conditions, value, resourceVersion)
  const event = { type: 'Normal', reason: NETWORK_REASON, message: 'The network of the node works' } as const
  return { subresource: 'status', patch, text: `condition ${NETWORK_UNAVAILABLE} set to False`, event }
}

/** Only to the very list that was seen; where there was none, only to the version of the node that was seen. */
function addToList(
  path: string,
  seen: readonly unknown[] | undefined,
  value: unknown,
  resourceVersion: string,
): readonly unknown[] {
  return seen === undefined
    ? [
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'add', path, value: [value] },
      ]
    : [
        { op: 'test', path, value: seen },
        { op: 'add', path: `${path}/-`, value },
      ]
}

function replaceInList(
  list: string,
  { index, condition }: { readonly index: number; readonly condition: unknown },
  value: unknown,
): readonly unknown[] {
  const path = `${list}/${index}`
  return [
    { op: 'test', path, value: condition },
    { op: 'replace', path, value },
  ]
}

function namesOf(taints: readonly unknown[]): string {
  const keys = [...new Set(taints.map((taint) => textIn(taint, 'key')))].sort()
  return `${keys.length === 1 ? 'taint' : 'taints'} ${keys.join(', ')}`
}

function listIn(value: unknown, field: string): readonly unknown[] | undefined {
  const list = isRecord(value) ? value[field] : undefined
  return Array.isArray(list) ? list : undefined
}

function textIn(value: unknown, field: string): string {
  const text = isRecord(value) ? value[field] : undefined
  return typeof text === 'string' ? text : ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
