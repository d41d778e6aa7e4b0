import { OVERLAY_NETWORK_ID } from '#datapath/overlay.ts'
import { mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import type { BpfMapName, BpfMaps } from '#ports/bpf-maps.ts'
import { AGENT_CONFIG_KEY, type AgentConfig, encodeAgentConfig, encodeArrayIndex } from '#wire/bpf/agent-config.ts'
import { ANSWER_KIND, LB_FLAGS } from '#wire/bpf/consts.ts'
import { COUNTER_LAYOUT } from '#wire/bpf/counter.ts'
import { encodeL2Entry, encodeL2Key4, newL2Entry } from '#wire/bpf/l2-responder4.ts'
import { type BackendState, encodeBackendId, encodeLb4Backend } from '#wire/bpf/lb4-backend.ts'
import { encodeLb4Key, type LbScope } from '#wire/bpf/lb4-key.ts'
import { encodeFrontendId, encodeLb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import { encodeLbService } from '#wire/bpf/lb-service.ts'
import { encodeOverlayConfig, OVERLAY_CONFIG_LAYOUT, type OverlayConfig } from '#wire/bpf/overlay-config.ts'
import { encodeOverlayKey } from '#wire/bpf/overlay-key.ts'
import { encodeOverlayPeer } from '#wire/bpf/overlay-peer.ts'
import { LAN_MAC } from './namespaces.ts'
import { addressOf, portOf } from './packet-octets.ts'

/** A frontend with its backends, as a test writes it. */
export interface ServiceScene {
  readonly frontend: string
  readonly frontendId: number
  readonly protocol: 'TCP' | 'UDP'
  readonly flags?: number
  readonly scope?: LbScope
  readonly backends: readonly BackendScene[]
}

export interface BackendScene {
  readonly id: number
  readonly end: string
  readonly local: boolean
  readonly state?: BackendState
}

export const LOCAL_BACKEND: BackendScene = { id: 1, end: '10.244.0.7:8080', local: true }
export const REMOTE_BACKEND: BackendScene = { id: 2, end: '10.244.1.7:8080', local: false }

export const WEB: ServiceScene = {
  frontend: '192.168.10.75:80',
  frontendId: 7,
  protocol: 'TCP',
  backends: [LOCAL_BACKEND],
}
export const DNS: ServiceScene = {
  frontend: '192.168.10.75:53',
  frontendId: 8,
  protocol: 'UDP',
  backends: [LOCAL_BACKEND],
}

export function putService(maps: BpfMaps, service: ServiceScene): void {
  const { frontendId, protocol } = service
  for (const backend of service.backends) putBackend(maps, protocol, backend)
  for (const [index, backend] of service.backends.entries()) putSlot(maps, service, index + 1, backend.id)
  const address = mustParseIp(addressOf(service.frontend))
  const reverse = encodeLb4ReverseNat({ address, port: portOf(service.frontend) })
  maps.map('lb4_reverse_nat').update(encodeFrontendId(frontendId), reverse)
  putSlot(maps, service, 0, 0)
}

export function putBackend(maps: BpfMaps, protocol: 'TCP' | 'UDP', backend: BackendScene): void {
  const value = encodeLb4Backend({
    address: mustParseIp(addressOf(backend.end)),
    port: portOf(backend.end),
    protocol,
    state: backend.state ?? 'active',
    nodeAddress: undefined,
    local: backend.local,
    zone: 0,
    weight: 100,
  })
  maps.map('lb4_backends').update(encodeBackendId(backend.id), value)
}

function putSlot(maps: BpfMaps, service: ServiceScene, slot: number, backendId: number): void {
  const key = encodeLb4Key({
    address: mustParseIp(addressOf(service.frontend)),
    port: portOf(service.frontend),
    slot,
    protocol: service.protocol,
    scope: service.scope ?? 'external',
  })
  const value = encodeLbService({
    backendOrAffinity: backendId,
    frontendId: service.frontendId,
    count: slot === 0 ? service.backends.length : 0,
    qcount: 0,
    flags: service.flags ?? LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE,
    algorithm: slot === 0 ? 'random' : 'none',
  })
  maps.map('lb4_services').update(key, value)
}

export function putAgentConfig(maps: BpfMaps, changes: Partial<AgentConfig> = {}): void {
  const config: AgentConfig = {
    agentStampNs: 0n,
    fenceNs: 0n,
    nodeAddress4: mustParseIp('192.168.10.215'),
    nodeAddress6: undefined,
    snatPortMin: 32768,
    snatPortMax: 60999,
    ...changes,
  }
  maps.map('agent_config').update(AGENT_CONFIG_KEY, encodeAgentConfig(config))
}

export function announce(maps: BpfMaps, address: string, ifindex: number, mac = LAN_MAC): void {
  maps
    .map('l2_responder4')
    .update(encodeL2Key4({ address: mustParseIp(address), ifindex }), encodeL2Entry(newL2Entry(mac)))
}

/** This node's end of the overlay. */
export function putOverlay(maps: BpfMaps, changes: Partial<OverlayConfig> = {}): void {
  const config: OverlayConfig = {
    ifindex: 0,
    networkId: OVERLAY_NETWORK_ID,
    address4: undefined,
    address6: undefined,
    nodeAddress4: mustParseIp('192.168.10.215'),
    nodeAddress6: undefined,
    ...changes,
  }
  maps.map('overlay_config').update(AGENT_CONFIG_KEY, encodeOverlayConfig(config))
}

/** A prefix that is reached through the overlay, or one that only sends through it. */
export function putPeer(maps: BpfMaps, prefix: string, node: string, isDestination = true): void {
  const parsed = mustParsePrefix(prefix)
  const map = maps.map(parsed.address.family === 'IPv4' ? 'overlay4' : 'overlay6')
  map.update(encodeOverlayKey(parsed), encodeOverlayPeer({ address: mustParseIp(node), isDestination }))
}

const HASHES: readonly BpfMapName[] = [
  'lb4_services',
  'lb4_backends',
  'lb4_reverse_nat',
  'ct4',
  'sock4_reverse',
  'fragments4',
  'l2_responder4',
  'overlay4',
  'overlay6',
]

/** All maps as they were when they were made, but for the agent's configuration, which is that of the scene. */
export function clearMaps(maps: BpfMaps): void {
  for (const name of HASHES)
    maps.map(name).deleteBatch(
      maps
        .map(name)
        .entries()
        .map(({ key }) => key),
    )
  clearCounters(maps)
  for (const kind of ['ANSWER_RESET', 'ANSWER_ICMP_ERROR'] as const) putAnswersGiven(maps, kind, 0n)
  maps.map('overlay_config').update(AGENT_CONFIG_KEY, new Uint8Array(OVERLAY_CONFIG_LAYOUT.lengthOctets))
  putAgentConfig(maps)
}

/** Answers of a kind are paid for until this moment, of CLOCK_MONOTONIC, on every CPU. */
export function putAnswersGiven(maps: BpfMaps, kind: 'ANSWER_RESET' | 'ANSWER_ICMP_ERROR', paidUntilNs: bigint): void {
  const bucket = new DataView(new ArrayBuffer(8))
  bucket.setBigUint64(0, paidUntilNs, true)
  maps.map('answer_buckets').update(encodeArrayIndex(ANSWER_KIND[kind]), new Uint8Array(bucket.buffer))
}

export function clearCounters(maps: BpfMaps): void {
  for (const name of ['drops', 'counters'] as const) {
    const map = maps.map(name)
    for (let index = 0; index < map.maxEntries; index++) {
      map.update(encodeArrayIndex(index), new Uint8Array(COUNTER_LAYOUT.lengthOctets))
    }
  }
}
