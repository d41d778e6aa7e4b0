import {
  type AnnouncerEvent,
  type AnnouncerState,
  type AnnouncingDevice,
  STANDBY,
  stepAnnouncer,
} from '#l2/announcer.ts'

const DEVICE: AnnouncingDevice = { name: 'eth0', ifindex: 2, mac: '02:00:00:00:00:01' }
const NOW_MS = 100_000

const STATES: readonly AnnouncerState[] = [
  STANDBY,
  { kind: 'Announcing', devices: [DEVICE], garpAtMs: [NOW_MS], defendedAtMs: undefined },
  { kind: 'Yielded', atMs: 0 },
]

const EVENTS: readonly (readonly [label: string, event: AnnouncerEvent])[] = [
  ['Won', { kind: 'Won', devices: [DEVICE], adopted: false }],
  ['Won, answered before a restart', { kind: 'Won', devices: [DEVICE], adopted: true }],
  ['Lost', { kind: 'Lost' }],
  ['TimerDue', { kind: 'TimerDue' }],
  ['Conflict, Lease confirmed', { kind: 'Conflict', leaseStale: false }],
  ['Conflict, Lease stale', { kind: 'Conflict', leaseStale: true }],
  ['Reannounce', { kind: 'Reannounce' }],
  ['LeaseConfirmed', { kind: 'LeaseConfirmed' }],
]

/** What one node does about one address, as a Mermaid diagram made by trying every event in every state. */
export function announcerDiagram(): string {
  const lines = STATES.flatMap((from) =>
    EVENTS.flatMap(([label, event]) => {
      const { state: to, effects } = stepAnnouncer(from, event, NOW_MS)
      if (to.kind === from.kind && effects.length === 0) return []
      const does = [...new Set(effects.map(({ kind }) => kind))].join(', ')
      return [`  ${from.kind} --> ${to.kind}: ${label}${does === '' ? '' : ` / ${does}`}`]
    }),
  )
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${STANDBY.kind}`, ...lines, '```'].join('\n')
}
