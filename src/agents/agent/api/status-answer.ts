import type {
  AgentState,
  DatapathStatus,
  KubernetesStatus,
  L2Status,
  PodNetworkStatus,
  Problem,
  StatusAnswer,
} from '#api/agent.ts'
import type { Device } from '#model/device.ts'
import { formatIp } from '#model/ip.ts'
import type { BpfAttachment } from '#ports/bpf-programs.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import type { Informer } from '#runtime/informer.ts'
import { BPF_ENUMS } from '#wire/bpf/consts.ts'
import { encodeArrayIndex } from '#wire/bpf/agent-config.ts'
import { decodeCounterOfCpus } from '#wire/bpf/counter.ts'
import type { PortRange } from '#agents/agent/config.ts'
import type { ConntrackState } from '#agents/agent/datapath/conntrack.ts'
import type { DatapathState } from '#agents/agent/datapath/datapath.ts'
import { resourceName } from '#agents/agent/findings.ts'
import type { L2State } from '#agents/agent/l2/l2.ts'
import type { NodeLease } from '#agents/agent/node-lease.ts'

export interface StatusInput {
  readonly node: string
  readonly version: string
  readonly pid: number
  readonly startedWallMs: number
  readonly state: AgentState
  readonly problems: readonly Problem[]
  readonly server: string
  readonly informers: readonly (readonly [KubeResource, Informer<unknown>])[]
  readonly lease: NodeLease
  readonly datapath: DatapathState
  /** Of the LAN. */
  readonly devices: readonly Device[]
  readonly kubeProxyReplacement: boolean
  readonly nodePorts: PortRange
  readonly cgroup: string | undefined
  readonly attachments: readonly BpfAttachment[]
  readonly maps: BpfMaps
  readonly conntrack: ConntrackState
  readonly l2Enabled: boolean
  readonly l2: L2State
  readonly podNetwork: PodNetworkStatus
  readonly clock: Clock
  readonly memory: { readonly rss: number; readonly heapUsed: number }
}

export function statusAnswer(input: StatusInput): StatusAnswer {
  return {
    version: 1,
    baliseVersion: input.version,
    node: input.node,
    pid: input.pid,
    startedAt: isoTime(input.startedWallMs),
    state: input.state,
    problems: input.problems,
    kubernetes: kubernetesStatus(input),
    datapath: datapathStatus(input),
    l2: l2Status(input),
    podNetwork: input.podNetwork,
    memory: { residentBytes: input.memory.rss, heapUsedBytes: input.memory.heapUsed },
  }
}

export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString()
}

function kubernetesStatus({ server, informers, lease, clock }: StatusInput): KubernetesStatus {
  const statuses = informers.map(([resource, informer]) => ({ resource, status: informer.status(), informer }))
  const contacts = [
    ...statuses.map(({ status }) => status.lastContactMs),
    lease.confirmedAgoMs() === undefined ? undefined : clock.monotonicMs() - (lease.confirmedAgoMs() ?? 0),
  ].filter((contactMs) => contactMs !== undefined)
  const failures = [lease.failure(), ...statuses.map(({ status }) => status.lastFailure)].filter(
    (failure) => failure !== undefined,
  )
  const lastContactMs = contacts.length === 0 ? undefined : Math.max(...contacts)
  return {
    state: kubernetesState(
      failures.map(({ code }) => code),
      contacts.length > 0,
    ),
    server,
    lastAnswerAt: lastContactMs === undefined ? null : isoTime(clock.nowMs() - (clock.monotonicMs() - lastContactMs)),
    resources: statuses.map(({ resource, status, informer }) => ({
      resource: resourceName(resource),
      synced: status.synced,
      objects: informer.items().size,
      error: status.lastFailure?.message ?? null,
    })),
  }
}

function kubernetesState(failures: readonly string[], everHeard: boolean): KubernetesStatus['state'] {
  if (failures.some((code) => code === 'Forbidden' || code === 'Unauthorized')) return 'forbidden'
  if (failures.length > 0) return 'unreachable'
  return everHeard ? 'connected' : 'starting'
}

function datapathStatus(input: StatusInput): DatapathStatus {
  const { datapath, maps, conntrack, attachments, devices, cgroup } = input
  const { audit, applied, lastAppliedWallMs } = datapath
  const size = (
    name: 'lb4_services' | 'lb4_backends' | 'lb4_reverse_nat' | 'ct4' | 'l2_responder4',
    entries: number,
  ) => ({
    name,
    entries,
    maxEntries: maps.map(name).maxEntries,
  })
  const slots = [...applied.frontends.values()].reduce((sum, frontend) => sum + 1 + frontend.slots.length, 0)
  return {
    attachments: attachments.map(({ program, hook, mechanism }) => ({ program, mechanism, hook: formatHook(hook) })),
    devices: devices.map(({ name }) => name),
    cgroup: cgroup ?? null,
    kubeProxyReplacement: {
      enabled: input.kubeProxyReplacement,
      devices: devices.map(({ name, addresses }) => ({ name, addresses: globalIpv4(addresses) })),
      nodePorts: `${input.nodePorts.min}-${input.nodePorts.max}`,
    },
    frontends: datapath.frontends.size,
    backends: applied.backends.size,
    maps: [
      size('lb4_services', slots),
      size('lb4_backends', applied.backends.size),
      size('lb4_reverse_nat', applied.reverseNats.size),
      size('ct4', conntrack.entries),
      size('l2_responder4', input.l2.entries.length),
    ],
    audit: {
      lastAt: audit.lastWallMs === undefined ? null : isoTime(audit.lastWallMs),
      runs: audit.runs,
      repaired: audit.repaired,
      differences: audit.differences,
    },
    lastAppliedAt: lastAppliedWallMs === undefined ? null : isoTime(lastAppliedWallMs),
    conntrack: {
      entries: conntrack.entries,
      collected: conntrack.collected,
      lastSweepAt: conntrack.lastSweepWallMs === undefined ? null : isoTime(conntrack.lastSweepWallMs),
    },
    drops: readCounters(maps, 'drops', 'drop_reason', 'DROP_'),
    counters: readCounters(maps, 'counters', 'counter_id', 'COUNTER_'),
  }
}

function globalIpv4(addresses: Device['addresses']): readonly string[] {
  return addresses.filter(({ address }) => address.family === 'IPv4').map(({ address }) => formatIp(address))
}

function formatHook(hook: BpfAttachment['hook']): string {
  return hook.kind === 'tc' ? `${hook.device} ${hook.direction}` : hook.path
}

/** Packets by the name of the enum in lower case, without its prefix; zeros are left out. */
function readCounters(
  maps: BpfMaps,
  name: 'drops' | 'counters',
  enumName: string,
  prefix: string,
): Readonly<Record<string, number>> {
  const map = maps.map(name)
  const counters: Record<string, number> = {}
  for (const [constant, index] of Object.entries(BPF_ENUMS[enumName] ?? {})) {
    if (index >= map.maxEntries || constant === 'DROP_REASONS' || constant === 'COUNTERS' || constant === 'DROP_NONE')
      continue
    const value = map.lookup(encodeArrayIndex(index))
    const counter = value === undefined ? undefined : decodeCounterOfCpus(value)
    if (counter?.ok === true && counter.value.packets > 0n) {
      counters[constant.slice(prefix.length).toLowerCase()] = Number(counter.value.packets)
    }
  }
  return counters
}

function l2Status({ l2Enabled, l2, lease }: StatusInput): L2Status {
  const announcing = [...l2.announcements.values()].filter(({ state }) => state.kind === 'Announcing').length
  const unowned = [...l2.elections.values()].filter(({ owner }) => owner === undefined).length
  return {
    enabled: l2Enabled,
    announcing,
    standby: Math.max(0, l2.elections.size - announcing - unowned),
    unowned,
    lease: {
      name: lease.name,
      durationMs: lease.durationMs,
      confirmedAgoMs: lease.confirmedAgoMs() === undefined ? null : Math.round(lease.confirmedAgoMs() ?? 0),
      error: lease.failure()?.message ?? null,
    },
  }
}
