import type { AgentState, KubernetesStatus, L2Status, StatusAnswer } from '#api/agent.ts'
import { formatAgo, formatDuration } from '#cli/duration.ts'
import { formatKeys, formatTable } from '#cli/table.ts'
import { podNetworkLines } from './pod-network-lines.ts'

/** `Key:   value`, as `cilium-dbg status` has it; problems stand at the end, where the eye is. */
export function renderStatus(
  answer: StatusAnswer,
  { nowMs, verbose }: { readonly nowMs: number; readonly verbose: boolean },
): string {
  const { datapath } = answer
  const keys = formatKeys([
    ['Balise', STATES[answer.state], about(answer, nowMs)],
    ['Kubernetes', KUBERNETES_STATES[answer.kubernetes.state], `${answer.kubernetes.server} ${heard(answer, nowMs)}`],
    ['Node', answer.node],
    ['Devices', datapath.devices.join(', ') || 'none'],
    ['KubeProxyReplacement', ...kubeProxyReplacement(answer)],
    ['Socket LB', datapath.cgroup === null ? 'Disabled' : 'Enabled', datapath.cgroup ?? ''],
    ...podNetworkLines(answer),
    ['Services', `${datapath.frontends} frontends, ${datapath.backends} backends`, applied(answer, nowMs)],
    ['L2 announcements', answer.l2.enabled ? 'Enabled' : 'Disabled', shares(answer.l2)],
    ['Node Lease', answer.l2.lease.error === null ? 'Ok' : 'Failure', lease(answer.l2)],
    ['Audit', datapath.audit.differences.length === 0 ? 'Ok' : 'Differs', audit(answer, nowMs)],
    ['Memory', `${mebibytes(answer.memory.residentBytes)} resident, ${mebibytes(answer.memory.heapUsedBytes)} heap`],
  ])
  return `${keys}${verbose ? details(answer) : ''}${problems(answer, nowMs)}`
}

/** `True   [enp0s1   192.168.10.215]`, as Cilium has it. */
function kubeProxyReplacement({ datapath }: StatusAnswer): readonly string[] {
  const { enabled, devices } = datapath.kubeProxyReplacement
  if (!enabled) return ['False', '']
  return ['True', `[${devices.map(({ name, addresses }) => `${name}   ${addresses.join(' ')}`).join(', ')}]`]
}

const STATES: { readonly [S in AgentState]: string } = {
  starting: 'Starting',
  ok: 'Ok',
  degraded: 'Degraded',
  failed: 'Failure',
}

const KUBERNETES_STATES: { readonly [S in KubernetesStatus['state']]: string } = {
  starting: 'Starting',
  connected: 'Ok',
  unreachable: 'Unreachable',
  forbidden: 'Forbidden',
}

function about({ baliseVersion, startedAt, pid }: StatusAnswer, nowMs: number): string {
  return `${baliseVersion} (up ${formatDuration(nowMs - Date.parse(startedAt))}, pid ${pid})`
}

function heard({ kubernetes }: StatusAnswer, nowMs: number): string {
  return `(last answer ${formatAgo(kubernetes.lastAnswerAt, nowMs)})`
}

function applied({ datapath }: StatusAnswer, nowMs: number): string {
  return `last change written ${formatAgo(datapath.lastAppliedAt, nowMs)}`
}

function shares({ announcing, standby, unowned }: L2Status): string {
  return `${announcing} announced here, ${standby} elsewhere, ${unowned} without an owner`
}

function lease({ lease: { name, durationMs, confirmedAgoMs, error } }: L2Status): string {
  const confirmed = confirmedAgoMs === null ? 'never confirmed' : `confirmed ${formatDuration(confirmedAgoMs)} ago`
  return `${name} (${formatDuration(durationMs)}, ${confirmed})${error === null ? '' : `: ${error}`}`
}

function audit({ datapath: { audit: status } }: StatusAnswer, nowMs: number): string {
  return `${status.runs} runs, last ${formatAgo(status.lastAt, nowMs)}, ${status.repaired} repaired`
}

function details(answer: StatusAnswer): string {
  const { kubernetes, datapath, podNetwork } = answer
  return [
    section('KubeProxyReplacement Details', proxyDetails(datapath)),
    section('Watched resources', [
      ['Name', 'Synced', 'Objects', 'Error'],
      ...kubernetes.resources.map((r) => [r.resource, r.synced ? 'yes' : 'no', String(r.objects), r.error ?? '']),
    ]),
    section(
      'Paths to podCIDRs of other nodes',
      podNetwork.routing.peers.map((peer) => [peer]),
    ),
    section('Attachments', [
      ['Program', 'Hook', 'Mechanism'],
      ...datapath.attachments.map((a) => [a.program, a.hook, a.mechanism]),
    ]),
    section('BPF maps', [
      ['Name', 'Entries', 'Size'],
      ...datapath.maps.map((m) => [m.name, String(m.entries), String(m.maxEntries)]),
    ]),
    section('Packets', [
      ['Counter', 'Packets'],
      ...Object.entries(datapath.counters).map(([name, count]) => [name, String(count)]),
      ...Object.entries(datapath.drops).map(([reason, count]) => [`drop ${reason}`, String(count)]),
    ]),
    section(
      'Audit differences',
      datapath.audit.differences.map((difference) => [difference]),
    ),
  ].join('')
}

/** In the order and words of Cilium. */
function proxyDetails({ kubeProxyReplacement: status, cgroup }: StatusAnswer['datapath']): readonly string[][] {
  const inPlace = status.enabled ? 'Enabled' : 'Disabled'
  return [
    ['Status:', status.enabled ? 'True' : 'False'],
    ['Socket LB:', cgroup === null ? 'Disabled' : 'Enabled'],
    ['Devices:', status.devices.map(({ name, addresses }) => `${name} ${addresses.join(' ')}`).join(', ')],
    ['Mode:', 'SNAT'],
    ['Backend Selection:', 'Random'],
    ['Session Affinity:', 'Disabled'],
    ['Services:'],
    ['- ClusterIP:', inPlace],
    ['- NodePort:', status.enabled ? `Enabled (Range: ${status.nodePorts})` : inPlace],
    ['- LoadBalancer:', 'Enabled'],
    ['- externalIPs:', 'Enabled'],
  ]
}

/** Nothing where there is no row below the heading. */
function section(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  return `${title}:\n${formatTable(rows).replaceAll(/^(?=.)/gm, '  ')}`
}

function problems({ problems: list }: StatusAnswer, nowMs: number): string {
  if (list.length === 0) return 'No problems\n'
  const rows = list.map((p) => [p.severity, p.component, `${p.message} (${formatAgo(p.since, nowMs)})`])
  return section('Problems', rows)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MiB`
}
