import { NETWORK_ANNOTATION } from '#cni/told.ts'
import type { Ip } from '#model/ip.ts'
import { toFailure } from '#runtime/failure.ts'
import { createReconciler, type Reconciler } from '#runtime/reconciler.ts'
import { createScope } from '#runtime/scope.ts'
import type { AgentPorts } from './agent-ports.ts'
import type { Answers } from '#agents/agent/api/api-server.ts'
import type { AgentSettings } from './config.ts'
import { Conntrack } from '#agents/agent/datapath/conntrack.ts'
import { Datapath } from '#agents/agent/datapath/datapath.ts'
import { isIpv6Only } from './families.ts'
import { follow } from './follow.ts'
import { HealthChecks } from '#agents/agent/datapath/health-checks.ts'
import { L2 } from '#agents/agent/l2/l2.ts'
import { Lan } from './lan.ts'
import { createNodeEvents, type NodeEvents } from './node-events.ts'
import { NodeLease } from './node-lease.ts'
import { NodePortGuard } from '#agents/agent/datapath/node-port-guard.ts'
import { PodNetwork } from '#agents/agent/pod-network/pod-network.ts'
import { type PodNetworkLoops, startPodNetwork } from '#agents/agent/pod-network/pod-network-loops.ts'
import { podNetworkPlaces } from '#agents/agent/pod-network/pod-network-settings.ts'
import { Problems } from './problems.ts'
import { createReport, type Report } from '#agents/agent/api/report.ts'
import { openSources } from './sources.ts'
import { Stamp } from './stamp.ts'

export interface Agent {
  readonly answers: Answers
  /** Ends the loops. What is in the kernel stays: it goes on forwarding, and answers ARP until the fence. */
  close(): Promise<void>
}

/** How many events may come together before the datapath looks. */
const DATAPATH_SETTLE_MS = 10
/** Longer than that of the datapath: an address is forwarded before it is answered for. */
const L2_SETTLE_MS = 25
const PROMPT_MS = 2
const CONNTRACK_SWEEP_MS = 30_000
const DEVICES_RESYNC_MS = 30_000
const WATCH_MS = 1000
/** At most this share of the time goes into audits of big maps. */
const AUDIT_SHARE = 0.02
const LEASE_BACKOFF = { baseMs: 200, factor: 2, maxMs: 2000, jitter: 0.5 }

/** Joins the parts of one node and starts their loops. Throws when the datapath itself cannot be had. */
export function startAgent(ports: AgentPorts, settings: AgentSettings, version: string): Agent {
  const running = new RunningAgent(ports, settings, version)
  running.start()
  return { answers: running.answers(), close: () => running.close() }
}

class RunningAgent {
  readonly #ports: AgentPorts
  readonly #settings: AgentSettings
  readonly #report: Report
  readonly #scope = createScope(new AbortController().signal)
  readonly #startedWallMs: number
  readonly #lan: Lan
  readonly #lease: NodeLease
  readonly #sources: ReturnType<typeof openSources>
  readonly #datapath: Datapath
  readonly #stamp: Stamp
  readonly #conntrack: Conntrack
  readonly #l2: L2
  readonly #podNetwork: PodNetwork
  readonly #healthChecks: HealthChecks
  readonly #nodePortGuard: NodePortGuard
  readonly #problems: Problems
  readonly #events: NodeEvents
  readonly #lapsed: boolean
  readonly #loops: Reconciler[] = []
  #leaseLoop: Reconciler | undefined
  #podNetworkLoops: PodNetworkLoops | undefined
  #holdsRead = false
  #stampedMs: number
  #cgroupFailure: string | undefined
  #firstSync = true
  #saidIpv6Only = false

  constructor(ports: AgentPorts, settings: AgentSettings, version: string) {
    const { maps, clock, log, net, programs, api, frames } = ports
    const { nodeName, namespace, leaseDurationSeconds, kubeProxyReplacement, snatPorts } = settings
    const metallbNamespace = settings.enableMetallb ? settings.metallbNamespace : undefined
    this.#ports = ports
    this.#settings = settings
    this.#startedWallMs = clock.nowMs()
    this.#stampedMs = clock.monotonicMs()
    this.#events = createNodeEvents({ ...ports, nodeName }, this.#scope.signal)
    this.#problems = new Problems(clock, log, (finding) => this.#events.tell(finding))
    this.#lan = new Lan({ net, programs, patterns: settings.devices, log })
    this.#lease = new NodeLease({
      api,
      namespace,
      nodeName,
      durationSeconds: leaseDurationSeconds,
      annotations: () => ({ [NETWORK_ANNOTATION]: this.#podNetwork.told() }),
      clock,
    })
    this.#sources = openSources({ ...ports, namespace, metallbNamespace }, this.#scope.signal)
    const sources = this.#sources
    this.#datapath = new Datapath({ nodeName, kubeProxyReplacement, snatPorts, maps, sources, clock, log })
    this.#conntrack = new Conntrack(maps, clock)
    const fenceMs = leaseDurationSeconds * 1000
    this.#stamp = new Stamp({
      maps,
      clock,
      fenceMs,
      snatPorts,
      nodeAddress: () => this.#nodeAddress(),
    })
    this.#lapsed = this.#stamp.hasLapsed()
    this.#l2 = new L2({
      enabled: settings.l2Enabled,
      nodeName,
      maps,
      frames,
      sources: this.#sources,
      lease: this.#lease,
      devices: () => this.#lan.devices(),
      forwards: () => !this.#firstSync,
      onFactsChanged: () => this.#leaseLoop?.poke(),
      clock,
      log,
    })
    this.#podNetwork = new PodNetwork({
      ...ports,
      settings,
      sources,
      onModeChanged: () => this.#leaseLoop?.poke(),
    })
    this.#healthChecks = new HealthChecks({ nodeName, ports: ports.statusPorts, sources })
    const { procSys, sysctlRecord } = podNetworkPlaces(settings)
    const { nodePorts } = settings
    this.#nodePortGuard = new NodePortGuard({ files: ports.files, procSys, recordFile: sysctlRecord, nodePorts })
    this.#report = createReport({
      ports,
      settings,
      version,
      startedWallMs: this.#startedWallMs,
      lan: this.#lan,
      lease: this.#lease,
      sources: this.#sources,
      datapath: this.#datapath,
      conntrack: this.#conntrack,
      l2: this.#l2,
      podNetwork: this.#podNetwork,
      problems: this.#problems,
      cgroupFailure: () => this.#cgroupFailure,
      nodePortFindings: () => [...this.#healthChecks.findings(), ...this.#nodePortGuard.findings()],
      forwards: () => !this.#firstSync,
    })
  }

  start(): void {
    const { clock } = this.#ports
    this.#lan.look()
    this.#attachCgroup()
    if (this.#settings.kubeProxyReplacement) this.#nodePortGuard.look()
    if (this.#lapsed || !this.#settings.l2Enabled) this.#l2.surrender()
    else this.#l2.adopt(new Map())
    this.#writeStamp()
    const datapath = this.#loop('Datapath', {
      reconcile: () => this.#reconcileDatapath(),
      settleMs: DATAPATH_SETTLE_MS,
    })
    const l2 = this.#loop('L2', { reconcile: () => this.#l2.reconcile(), settleMs: L2_SETTLE_MS, resyncMs: WATCH_MS })
    this.#leaseLoop = this.#loop('Lease', {
      reconcile: (signal) => this.#renewLease(signal, l2),
      settleMs: PROMPT_MS,
      resyncMs: this.#lease.periodMs,
      backoff: LEASE_BACKOFF,
    })
    const devices = this.#loop('Devices', {
      reconcile: () => this.#lookAtDevices(l2),
      settleMs: PROMPT_MS,
      resyncMs: DEVICES_RESYNC_MS,
    })
    const audit = this.#loop('Audit', { reconcile: (signal) => this.#audit(signal) })
    this.#loop('Conntrack', {
      reconcile: (signal) => this.#conntrack.sweep(this.#datapath.state().applied, signal),
      resyncMs: CONNTRACK_SWEEP_MS,
    })
    const stampMs = Math.min(WATCH_MS, this.#lease.periodMs)
    const stamp = this.#loop('Stamp', {
      reconcile: () => this.#writeStamp(),
      resyncMs: stampMs,
      backoff: { ...LEASE_BACKOFF, maxMs: stampMs },
    })
    this.#loop('Watch', { reconcile: () => this.#watch(), resyncMs: WATCH_MS })
    const { services, slices, nodes } = this.#sources
    for (const informer of [services, slices, nodes]) informer.onChange(() => datapath.poke())
    nodes.onChange(() => stamp.poke())
    for (const [, informer] of this.#sources.all()) informer.onChange(() => l2.poke())
    const { files, network, log } = this.#ports
    this.#podNetworkLoops = startPodNetwork(
      this.#podNetwork,
      { settings: this.#settings, sources: this.#sources, files, network, clock, log },
      (name, options) => this.#loop(name, options),
      this.#scope.signal,
    )
    if (this.#settings.kubeProxyReplacement) this.#startHealthChecks()
    void this.#followDevices(devices)
    this.#leaseLoop.poke()
    audit.poke()
    this.#ports.log.info('Agent started', {
      node: this.#settings.nodeName,
      tookMs: Math.round(clock.nowMs() - this.#startedWallMs),
    })
  }

  async close(): Promise<void> {
    this.#scope.end(new Error('The agent ends'))
    await Promise.all([...this.#loops.map((loop) => loop.close()), this.#sources.close(), this.#events.close()])
    this.#podNetwork.close()
    await this.#healthChecks.close()
    this.#ports.frames.close()
    this.#ports.programs.close()
    this.#ports.maps.close()
    this.#ports.api.close()
  }

  answers(): Answers {
    return this.#report.answers
  }

  #startHealthChecks(): void {
    const { services, slices } = this.#sources
    const loop = this.#loop('Health checks', {
      reconcile: () => this.#healthChecks.reconcile(),
      settleMs: DATAPATH_SETTLE_MS,
    })
    for (const informer of [services, slices]) informer.onChange(() => loop.poke())
  }

  #loop(
    name: string,
    options: Omit<Parameters<typeof createReconciler>[0], 'clock' | 'random' | 'onFailure'>,
  ): Reconciler {
    const { clock, random, log } = this.#ports
    const onFailure = (failure: { readonly message: string }, failuresInARow: number): void => {
      const fields = { loop: name, error: failure.message, failuresInARow }
      if (failuresInARow === 1) log.warn('Failed, tried again', fields)
      else log.debug('Still fails', fields)
    }
    const loop = createReconciler({ ...options, clock, random, onFailure }, this.#scope.signal)
    this.#loops.push(loop)
    return loop
  }

  #reconcileDatapath(): { readonly runAgainInMs: number | undefined } | undefined {
    const { services, slices, nodes } = this.#sources
    if (![services, slices, nodes].every((informer) => informer.status().synced)) return undefined
    if (this.#firstSync) {
      this.#datapath.holdFromNow()
      this.#writeStamp() // with the node's address: without it nothing could be passed on to other nodes
    }
    this.#firstSync = false
    return this.#datapath.reconcile()
  }

  #watch(): void {
    if (this.#isApiAway()) this.#datapath.holdFromNow()
    this.#problems.update(this.#report.findings())
    this.#sayWhetherIpv6Only()
  }

  /** Once: nothing is wrong with such a node. */
  #sayWhetherIpv6Only(): void {
    if (
      this.#saidIpv6Only ||
      !isIpv6Only(this.#sources.nodes.items().get(this.#settings.nodeName), this.#lan.devices())
    )
      return
    this.#saidIpv6Only = true
    this.#ports.log.info(
      'This node is IPv6 only: its pods have their network; load balancing is IPv4 only in this version',
    )
  }

  /** The control plane does not answer, or has only just begun to: what it says of endpoints may be of its own making. */
  #isApiAway(): boolean {
    const agoMs = this.#lease.confirmedAgoMs()
    const leaseAway = agoMs !== undefined && agoMs > this.#lease.durationMs / 2
    return leaseAway || !this.#sources.slices.status().connected
  }

  /** Also where nothing is announced: it is the sign of life by which others know this node and its network. */
  async #renewLease(signal: AbortSignal, l2: Reconciler): Promise<void> {
    if (!this.#holdsRead) {
      const holds = await this.#lease.readHolds(signal)
      if (!this.#lapsed) this.#l2.adopt(holds)
      this.#holdsRead = true
    }
    const wasStale = this.#lease.isStale()
    if (wasStale && this.#lease.confirmedAgoMs() !== undefined) this.#l2.restartHolds()
    const { hadRunOut, ...renewal } = await this.#lease.renew(this.#l2.facts(), signal)
    if (hadRunOut && !wasStale) this.#l2.restartHolds() // it ran out while the API was being asked
    this.#l2.leaseConfirmed(renewal)
    if (wasStale || hadRunOut) l2.poke()
  }

  /** The longer an audit takes, the rarer it is. */
  async #audit(signal: AbortSignal): Promise<{ readonly runAgainInMs: number }> {
    const tookMs = await this.#datapath.audit(signal)
    return { runAgainInMs: Math.max(this.#settings.auditSeconds * 1000, tookMs / AUDIT_SHARE) }
  }

  /** After a pause beyond the fence the responder was silent, and others may answer: let go first. */
  #writeStamp(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs - this.#stampedMs > this.#lease.durationMs) this.#l2.surrender()
    this.#stampedMs = nowMs
    this.#stamp.write()
  }

  #lookAtDevices(l2: Reconciler): void {
    if (this.#cgroupFailure !== undefined) this.#attachCgroup()
    if (this.#settings.kubeProxyReplacement) this.#nodePortGuard.look()
    if (this.#lan.look()) l2.poke()
    this.#podNetworkLoops?.devicesChanged()
  }

  #attachCgroup(): void {
    try {
      this.#ports.programs.attachCgroup(this.#settings.cgroupRoot)
      this.#cgroupFailure = undefined
    } catch (error) {
      this.#cgroupFailure = toFailure(error).message
    }
  }

  #followDevices(devices: Reconciler): Promise<void> {
    const { net, clock, log } = this.#ports
    const options = {
      changes: (signal: AbortSignal) => net.changes(signal),
      onChange: () => devices.poke(),
      onFailure: (error: string) =>
        log.warn('Changes of devices are not heard of, looked for at intervals instead', { error }),
      clock,
      retryMs: WATCH_MS,
    }
    return follow(options, this.#scope.signal)
  }

  #nodeAddress(): Ip | undefined {
    const node = this.#sources.nodes.items().get(this.#settings.nodeName)
    return node?.internalIps.find(({ family }) => family === 'IPv4')
  }
}
