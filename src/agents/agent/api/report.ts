import { release } from 'node:os'
import type { AgentState, StatusAnswer } from '#api/agent.ts'
import type { AgentPorts } from '#agents/agent/agent-ports.ts'
import type { Answers } from './api-server.ts'
import type { AgentSettings } from '#agents/agent/config.ts'
import type { Conntrack } from '#agents/agent/datapath/conntrack.ts'
import type { Datapath } from '#agents/agent/datapath/datapath.ts'
import type { Finding, Problems } from '#agents/agent/problems.ts'
import { findingsOf } from '#agents/agent/findings.ts'
import type { L2 } from '#agents/agent/l2/l2.ts'
import { l2Answer } from './l2-answer.ts'
import type { Lan } from '#agents/agent/lan.ts'
import type { NodeLease } from '#agents/agent/node-lease.ts'
import type { PodNetwork } from '#agents/agent/pod-network/pod-network.ts'
import { podNetworkStatus } from './pod-network-answer.ts'
import { ciliumOptions } from './options.ts'
import { servicesAnswer } from './services-answer.ts'
import type { Sources } from '#agents/agent/sources.ts'
import { statusAnswer } from './status-answer.ts'

/** The parts of an agent that a report looks at. */
export interface ReportParts {
  readonly ports: AgentPorts
  readonly settings: AgentSettings
  readonly version: string
  readonly startedWallMs: number
  readonly lan: Lan
  readonly lease: NodeLease
  readonly sources: Sources
  readonly datapath: Datapath
  readonly conntrack: Conntrack
  readonly l2: L2
  readonly podNetwork: PodNetwork
  readonly problems: Problems
  /** Why the socket hooks do not hang; undefined when they do. */
  readonly cgroupFailure: () => string | undefined
  /** What is wrong with node ports and health checks. */
  readonly nodePortFindings: () => readonly Finding[]
  /** The datapath has been brought up to date once. */
  readonly forwards: () => boolean
}

/** What an agent says about itself. */
export interface Report {
  readonly answers: Answers
  /** All that is not as it should be now. */
  findings(): readonly Finding[]
}

export function createReport(parts: ReportParts): Report {
  const { ports, settings, sources, datapath, l2 } = parts
  const node = settings.nodeName
  const answers: Answers = {
    status: () => statusOf(parts),
    services: () => servicesAnswer(node, datapath.state()),
    l2: () => {
      const policies = sources.policies.items().values()
      const advertisements = sources.metallb?.advertisements.items().values() ?? []
      return l2Answer({ node, state: l2.state(), policies, advertisements, monotonicMs: ports.clock.monotonicMs() })
    },
    debuginfo: () => ({
      version: 1,
      status: answers.status(),
      services: answers.services(),
      l2: answers.l2(),
      options: ciliumOptions(settings),
      kernel: release(),
      nodeVersion: process.version,
    }),
    health: () => ({ version: 1, state: stateOf(parts) }),
  }
  return { answers, findings: () => findingsFor(parts) }
}

function findingsFor(parts: ReportParts): readonly Finding[] {
  const { settings, sources, lease, datapath, lan, l2, ports } = parts
  const findings = findingsOf({
    namespace: settings.namespace,
    informers: sources.all().map(([resource, informer]) => [resource, informer.status()] as const),
    mistakes: sources.mistakes(),
    lease: { name: lease.name, failure: lease.failure(), stale: lease.isStale() },
    datapath: datapath.state(),
    devices: { chosen: lan.devices(), existing: lan.names(), patterns: settings.devices },
    attachFailures: lan.failures(),
    cgroupFailure: parts.cgroupFailure(),
    l2: l2.state(),
    podNetwork: parts.podNetwork.state().problems,
    node: sources.nodes.items().get(settings.nodeName),
    monotonicMs: ports.clock.monotonicMs(),
  })
  return [...findings, ...parts.nodePortFindings()]
}

function stateOf({ problems, sources, settings, l2, forwards }: ReportParts): AgentState {
  if (problems.current().some(({ severity }) => severity === 'error')) return 'degraded'
  const isSynced = sources.all().every(([, informer]) => informer.status().synced)
  const isDecided = !settings.l2Enabled || l2.state().decided
  return isSynced && forwards() && isDecided ? 'ok' : 'starting'
}

function statusOf(parts: ReportParts): StatusAnswer {
  const { ports, settings, problems } = parts
  problems.update(findingsFor(parts))
  return statusAnswer({
    node: settings.nodeName,
    version: parts.version,
    pid: process.pid,
    startedWallMs: parts.startedWallMs,
    state: stateOf(parts),
    problems: problems.current(),
    server: ports.server(),
    informers: parts.sources.all(),
    lease: parts.lease,
    datapath: parts.datapath.state(),
    devices: parts.lan.devices(),
    kubeProxyReplacement: settings.kubeProxyReplacement,
    nodePorts: settings.nodePorts,
    cgroup: parts.cgroupFailure() === undefined ? settings.cgroupRoot : undefined,
    attachments: ports.programs.attachments(),
    maps: ports.maps,
    conntrack: parts.conntrack.state(),
    l2Enabled: settings.l2Enabled,
    l2: parts.l2.state(),
    podNetwork: podNetworkStatus(parts.podNetwork.state(), settings),
    clock: ports.clock,
    memory: process.memoryUsage(),
  })
}
