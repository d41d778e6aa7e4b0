import { CONFLIST_NAME, pluginTypes } from '#cni/conf-files.ts'
import { foreignDevices } from '#cni/foreign-devices.ts'
import { formatChainedConflist, formatFullConflist, PLUGIN_TYPE } from '#cni/conflist.ts'
import { decideMode, type Mode, type ModeDecision } from '#cni/mode.ts'
import { type DesiredNetwork, desiredNetwork } from '#cni/network.ts'
import { isUplink } from '#cni/peer-path.ts'
import { formatNetworkOp, planNetwork } from '#cni/plan.ts'
import type { CniProblem } from '#cni/problem.ts'
import {
  chainProblems,
  confFolderProblem,
  foreignConfProblems,
  forwardProblems,
  leftBehindProblem,
  networkProblem,
  overlayProblem,
  pathProblems,
  planProblems,
  podCidrProblems,
} from '#cni/problems.ts'
import { desiredSysctls } from '#cni/sysctls.ts'
import { nodesOfOurs, readyWithoutUs, tellMode } from '#cni/told.ts'
import type { Device } from '#model/device.ts'
import { type Family, formatIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { OVERLAY_DEVICE } from '#model/node-network.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { BpfPrograms } from '#ports/bpf-programs.ts'
import type { Clock } from '#ports/clock.ts'
import { HostFileError, type HostFiles } from '#ports/host-files.ts'
import type { Log } from '#ports/log.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import type { NodeNetwork } from '#ports/node-network.ts'
import { toFailure } from '#runtime/failure.ts'
import { ConfFolder, type ConfFolderState } from './conf-folder.ts'
import type { AgentSettings } from '#agents/agent/config.ts'
import { Overlay } from './overlay.ts'
import { Plugins } from './plugins.ts'
import { PluginState, type PluginStateView } from './plugin-state.ts'
import { networkSettings, type PodNetworkPlaces, podNetworkPlaces } from './pod-network-settings.ts'
import type { Sources } from '#agents/agent/sources.ts'
import { Sysctls } from '#agents/agent/sysctls.ts'

export interface PodNetworkOptions {
  readonly settings: AgentSettings
  readonly files: HostFiles
  readonly network: NodeNetwork
  readonly net: NetDevices
  readonly maps: BpfMaps
  readonly programs: BpfPrograms
  readonly sources: Sources
  readonly clock: Clock
  readonly log: Log
  /** The others are to be told of another mode: renew the Lease soon. */
  readonly onModeChanged: () => void
}

/** For the status. */
export interface PodNetworkState {
  readonly decision: ModeDecision
  /** Undefined unless the mode is full and the nodes are known. */
  readonly desired: DesiredNetwork | undefined
  /** The configuration of ours is in place. */
  readonly confWritten: boolean
  readonly plugin: PluginStateView
  /** All that is not as it should be. */
  readonly problems: readonly CniProblem[]
}

/** What failed may have been mended by somebody of whom we do not hear. */
const RETRY_MS = 10_000
/** Of the changes of one run. */
const MOST_LOGGED = 5

const UNDECIDED: ModeDecision = { mode: undefined, why: 'it was not looked at yet' }

/**
 * The pods' network of this node: decides whether it is ours to make, makes routes, overlay, masquerade and the kernel's settings, and then tells the
 * container runtime of the plugin. Nothing is taken away when the agent ends.
 */
export class PodNetwork {
  readonly #options: PodNetworkOptions
  readonly #places: PodNetworkPlaces
  readonly #confs: ConfFolder
  readonly #plugins: Plugins
  readonly #plugin: PluginState
  readonly #sysctls: Sysctls
  readonly #overlay: Overlay
  #decision: ModeDecision = UNDECIDED
  #desired: DesiredNetwork | undefined
  #problems: readonly CniProblem[] = []
  #confWritten = false
  #devices = ''

  constructor(options: PodNetworkOptions) {
    const { files } = options
    this.#options = options
    this.#places = podNetworkPlaces(options.settings)
    this.#confs = new ConfFolder(files, this.#places.confDir)
    this.#plugins = new Plugins({ files, source: this.#places.plugin, binDir: this.#places.binDir })
    this.#plugin = new PluginState(files, this.#places.pluginState)
    this.#sysctls = new Sysctls({ files, procSys: this.#places.procSys, recordFile: this.#places.sysctlRecord })
    this.#overlay = new Overlay(options)
  }

  /** For the Lease of this node. */
  told(): string {
    return tellMode(this.#decision.mode)
  }

  mode(): Mode | undefined {
    return this.#decision.mode
  }

  state(): PodNetworkState {
    const podCidrs = this.#desired?.podCidrs ?? []
    return {
      decision: this.#decision,
      desired: this.#desired,
      confWritten: this.#confWritten,
      plugin: this.#plugin.view(podCidrs),
      problems: [...this.#problems, ...(this.mode() === 'none' ? [] : this.#plugin.problems(podCidrs))],
    }
  }

  /** Whether a device that matters here is another than at the last look. */
  devicesDiffer(): boolean {
    const now = JSON.stringify(this.#options.net.list().filter(isOfInterest).map(comparable))
    const differ = now !== this.#devices
    this.#devices = now
    return differ
  }

  /** Reads again what the plugin left for us. */
  lookAtPlugin(): void {
    if (this.mode() !== 'none') this.#plugin.read()
  }

  /** Looks at everything and does what is due. Problems become part of the state, and what could not be done is tried again soon. */
  async reconcile(): Promise<{ readonly runAgainInMs: number | undefined }> {
    try {
      await this.#lookAndDo()
    } catch (error) {
      const { message } = toFailure(error)
      this.#problems = [error instanceof HostFileError ? confFolderProblem(message) : networkProblem(message)]
      throw error
    }
    const hasFailed = this.#problems.some(({ severity }) => severity === 'error')
    return { runAgainInMs: hasFailed ? RETRY_MS : undefined }
  }

  async #lookAndDo(): Promise<void> {
    const confs = this.#confs.read()
    this.#decide(confs)
    this.lookAtPlugin()
    switch (this.#decision.mode) {
      case undefined:
        this.#problems = []
        break
      case 'none':
        this.#problems = leftBehindProblem(confs.ownMode)
        this.#confWritten = false
        break
      case 'chained':
        this.#problems = this.#chain(confs)
        break
      case 'full':
        await this.#makeNetwork(confs)
    }
  }

  /** The configuration goes with the agent where that was asked for (`cni.uninstall`). */
  close(): void {
    const { settings, log } = this.#options
    if (!settings.cniUninstall || settings.cniCustomConf || !this.#confWritten) return
    this.#confs.remove()
    log.info('Network configuration removed, as cni.uninstall says', { file: CONFLIST_NAME })
  }

  #decide({ ownMode, foreign }: ConfFolderState): void {
    const { settings, sources, net, log, onModeChanged } = this.#options
    const { nodes, leases } = sources
    const isKnown = nodes.status().synced && leases.status().synced
    const before = this.#decision
    const decision = decideMode({
      wanted: settings.cniMode,
      ownConf: ownMode ?? (before.mode === 'full' ? 'full' : undefined), // should somebody have removed it
      foreign,
      foreignDevices: foreignDevices(net.list()),
      readyWithoutUs: isKnown
        ? readyWithoutUs(nodes.items().values(), nodesOfOurs(leases.items().values()))
        : undefined,
    })
    // what we made ourselves since then is no reason
    this.#decision = decision.mode === 'full' && before.mode === 'full' ? before : decision
    if (this.#decision.mode === before.mode && this.#decision.why === before.why) return
    log.info('CNI mode', { mode: this.#decision.mode ?? 'undecided', why: this.#decision.why })
    if (this.#decision.mode !== before.mode) onModeChanged()
  }

  async #makeNetwork(confs: ConfFolderState): Promise<void> {
    const { settings, sources, net } = this.#options
    if (!sources.nodes.status().synced) return // what was made before goes on
    const nodes = [...sources.nodes.items().values()]
    const self = nodes.find(({ name }) => name === settings.nodeName)
    const desired = desiredNetwork({
      own: settings.nodeName,
      nodes,
      ours: nodesOfOurs(sources.leases.items().values()),
      devices: net.list(),
      settings: networkSettings(settings),
    })
    this.#desired = desired
    const cidrProblems = podCidrProblems(settings.nodeName, desired.podCidrs)
    if (desired.podCidrs.length === 0) {
      this.#problems = cidrProblems
      return // a Node that is gone for a moment must not take the network of its pods with it
    }
    const kernel = await this.#applyNetwork(desired, nodes, self)
    const installProblems = this.#installPlugins()
    const blocking = [...cidrProblems, ...installProblems, ...kernel.blocking]
    const confProblems = blocking.length === 0 ? this.#tellRuntime(this.#fullConf(desired), confs) : []
    this.#confWritten ||= confs.ownMode === 'full'
    // another network works until ours does
    const foreign = this.#settleForeign(confs, blocking.length === 0 && confProblems.length === 0)
    this.#problems = [
      ...cidrProblems,
      ...kernel.blocking,
      ...kernel.others,
      ...installProblems,
      ...confProblems,
      ...pathProblems(desired.paths),
      ...foreign,
    ]
  }

  /**
   * Settings of the kernel first, then ways of the overlay, routes and masquerade. `blocking`: pods would get a network that does not carry them;
   * `others` concern some peers, and must not keep the node from being Ready.
   */
  async #applyNetwork(
    desired: DesiredNetwork,
    nodes: readonly Node[],
    self: Node | undefined,
  ): Promise<{ readonly blocking: readonly CniProblem[]; readonly others: readonly CniProblem[] }> {
    const { network, net, log } = this.#options
    const families: readonly Family[] = [...new Set(desired.podCidrs.map(({ address }) => address.family))]
    const settled = this.#sysctls.apply(desiredSysctls({ families, uplinks: desired.uplinks, overlays: [] }))
    const prepared = this.#attemptOverlay(() => this.#overlay.prepare(desired, nodes))
    const observed = await network.read()
    const plan = planNetwork(desired, observed)
    const outcomes = plan.ops.length === 0 ? [] : await network.apply(plan.ops)
    if (plan.ops.length > 0) {
      const first = plan.ops.slice(0, MOST_LOGGED).map(formatNetworkOp)
      log.info('Node network changed', { changes: plan.ops.length, first })
    }
    const overlays = net.list().filter(({ name }) => name === OVERLAY_DEVICE)
    const names = overlays.map(({ name }) => name)
    const loosened = this.#sysctls.apply(desiredSysctls({ families: [], uplinks: [], overlays: names }))
    const finished = this.#attemptOverlay(() => this.#overlay.finish(desired, self))
    const planned = planProblems(plan, outcomes, observed.otherVxlans)
    return {
      blocking: [...settled, ...planned.filter(({ code }) => code === 'MasqueradeFailed')],
      others: [
        ...prepared,
        ...planned.filter(({ code }) => code !== 'MasqueradeFailed'),
        ...loosened,
        ...finished,
        ...forwardProblems(desired.podCidrs, observed.forwardDrops),
      ],
    }
  }

  #attemptOverlay(act: () => void): readonly CniProblem[] {
    try {
      act()
      return []
    } catch (error) {
      return [overlayProblem(toFailure(error).message)]
    }
  }

  #installPlugins(): readonly CniProblem[] {
    try {
      const installed = this.#plugins.install()
      if (installed.length > 0) this.#options.log.info('CNI plugins installed', { plugins: installed })
      return []
    } catch (error) {
      return [this.#plugins.problemOf(error)]
    }
  }

  /** Foreign configurations are put aside only where that was asked for, and the mode as well: a guess takes nothing from anybody. */
  #settleForeign({ foreign }: ConfFolderState, isOursInPlace: boolean): readonly CniProblem[] {
    const { settings, log } = this.#options
    if (!isOursInPlace || !settings.cniExclusive || settings.cniMode !== 'full' || settings.cniCustomConf)
      return foreignConfProblems('full', foreign)
    try {
      for (const conf of foreign) {
        this.#confs.putAside(conf)
        log.warn('Network configuration of another network put aside, as cni.exclusive says', { file: conf.file })
      }
      return []
    } catch (error) {
      return [confFolderProblem(toFailure(error).message), ...foreignConfProblems('full', foreign)]
    }
  }

  #fullConf({ podCidrs, podMtuBytes }: DesiredNetwork): string {
    return formatFullConflist({ podCidrs, mtuBytes: podMtuBytes, stateDir: this.#places.pluginState })
  }

  /** The last step: from now on the node is Ready. */
  #tellRuntime(text: string, { ownText }: ConfFolderState): readonly CniProblem[] {
    const { settings, log } = this.#options
    if (settings.cniCustomConf || ownText === text) return []
    try {
      this.#confs.write(text)
      this.#confWritten = true
      log.info('Network configuration written', { file: CONFLIST_NAME })
      return []
    } catch (error) {
      return [confFolderProblem(toFailure(error).message)]
    }
  }

  /** Our plugin behind those of another network. */
  #chain(confs: ConfFolderState): readonly CniProblem[] {
    const { cniChainingTarget: target } = this.#options.settings
    const base = confs.foreign.find(({ network }) => target === '' || network === target)
    if (base === undefined || base.mistake !== undefined) return chainProblems(target, base, confs.foreign)
    const installProblems = this.#installPlugins()
    const missing = this.#plugins.missing(pluginTypes(base).filter((type) => type !== PLUGIN_TYPE))
    const text = formatChainedConflist(base, this.#places.pluginState)
    const confProblems = installProblems.length === 0 ? this.#tellRuntime(text, confs) : []
    this.#confWritten ||= confs.ownMode === 'chained'
    return [
      ...installProblems,
      ...confProblems,
      ...chainProblems(target, base, confs.foreign, missing),
      ...foreignConfProblems('chained', confs.foreign),
    ]
  }
}

/** Pods' devices come and go with them. */
function isOfInterest(device: Device): boolean {
  return isUplink(device) || device.name === OVERLAY_DEVICE
}

function comparable({ name, ifindex, up, mtuBytes, addresses }: Device): unknown {
  return [
    name,
    ifindex,
    up,
    mtuBytes,
    addresses.map(({ address, prefixLengthBits }) => [formatIp(address), prefixLengthBits]),
  ]
}
