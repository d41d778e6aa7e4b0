import type { Endpoint, EndpointSlice } from '#model/endpoint-slice.ts'
import type { Ip } from '#model/ip.ts'
import type { ServicePort } from '#model/service.ts'
import type { BackendState } from '#wire/bpf/lb4-backend.ts'
import { type Backend, compareBackends, formatBackendKey, STATE_ORDER } from './frontend.ts'

/** What the datapath must know of the cluster beside a Service and its slices. */
export interface ClusterContext {
  /** The node that this datapath runs on. */
  readonly nodeName: string
  /** IPv4 InternalIP by node name. */
  readonly nodeAddresses: ReadonlyMap<string, Ip>
  /** All IPv4 InternalIPs of this node: where its node ports are. */
  readonly ownAddresses: readonly Ip[]
  /** Cluster IPs and node ports are ours too; else they are another proxy's, and only addresses for the outside are served. */
  readonly kubeProxyReplacement: boolean
  /** Ports of this node's address that replies to forwarded connections come to. */
  readonly snatPorts: { readonly min: number; readonly max: number }
}

/** Backends of one port, by what the datapath does with them. */
export interface BackendSets {
  readonly serving: readonly Backend[]
  readonly draining: readonly Backend[]
  readonly idle: readonly Backend[]
}

export const NO_BACKENDS: BackendSets = { serving: [], draining: [], idle: [] }

/** Slots are numbered by 16 bits. More backends than that get nothing new. */
export const MAX_SLOTS = 0xffff

/** 1 to 65535. */
export function isPort(number: number): boolean {
  return Number.isInteger(number) && number > 0 && number <= 0xffff
}

interface Candidate extends Backend {
  readonly serving: boolean
}

/**
 * IPv4 backends of a Service's port from its slices. `local` leaves only those of this node.
 *
 * Ready endpoints serve. Where none is ready, those that terminate and still serve do (KEP-1669); else they drain. What is neither ready nor
 * serving gets nothing new and keeps its flows.
 */
export function backendsOf(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  context: ClusterContext,
  local: boolean,
): BackendSets {
  const candidates = new Map<string, Candidate>()
  for (const slice of slices) {
    const number = slice.ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol)?.port
    if (number === undefined || !isPort(number)) continue
    for (const endpoint of slice.endpoints) {
      if (endpoint.address.family !== 'IPv4' || (local && endpoint.nodeName !== context.nodeName)) continue
      addCandidate(candidates, candidateOf(endpoint, number, port, context))
    }
  }
  const sorted = [...candidates.values()].toSorted(compareBackends)
  const active = sorted.filter(({ state }) => state === 'active')
  const fallback = sorted.filter(({ state, serving }) => state === 'terminating' && serving)
  const live = active.length > 0 ? active : fallback
  return {
    serving: live.slice(0, MAX_SLOTS),
    draining: active.length > 0 ? fallback.slice(0, Math.max(0, MAX_SLOTS - live.length)) : [],
    idle: sorted.filter((candidate) => !active.includes(candidate) && !fallback.includes(candidate)),
  }
}

/** An address in two slices, as while the slice controller moves it: the better state counts. */
function addCandidate(candidates: Map<string, Candidate>, candidate: Candidate): void {
  const known = candidates.get(candidate.key)
  if (known === undefined || STATE_ORDER[candidate.state] < STATE_ORDER[known.state]) {
    candidates.set(candidate.key, candidate)
  }
}

function candidateOf(endpoint: Endpoint, number: number, port: ServicePort, context: ClusterContext): Candidate {
  const { address, nodeName, serving } = endpoint
  return {
    key: formatBackendKey(address, number, port.protocol),
    address,
    port: number,
    protocol: port.protocol,
    state: stateOf(endpoint),
    nodeName,
    nodeAddress: context.nodeAddresses.get(nodeName),
    local: nodeName !== '' && nodeName === context.nodeName,
    serving,
  }
}

/** `ready` wins over `terminating`: a Service may publish endpoints that are not ready. */
function stateOf({ ready, terminating }: Endpoint): BackendState {
  if (ready) return 'active'
  return terminating ? 'terminating' : 'maintenance'
}
