import type { AnnouncingDevice } from '#l2/announcer.ts'
import type { NodeView } from '#l2/candidates.ts'
import { type Decision, decide, NOTHING_DECIDED, ownedBy } from '#l2/decision.ts'
import { encodeNodeFacts, type NodeFacts } from '#l2/node-facts.ts'
import type { Device } from '#model/device.ts'
import { prefixOf } from '#model/prefix.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import type { FrameSender } from '#ports/frame-sender.ts'
import type { Log } from '#ports/log.ts'
import { type Announcement, Announcements } from './announcements.ts'
import { rulesFrom } from './l2-sources.ts'
import { NodeViews } from './l2-views.ts'
import type { NodeLease, Renewal } from '#agents/agent/node-lease.ts'
import type { ResponderEntry } from './responder.ts'
import type { Sources } from '#agents/agent/sources.ts'

export interface L2Options {
  readonly enabled: boolean
  readonly nodeName: string
  readonly maps: BpfMaps
  readonly frames: FrameSender
  readonly sources: Sources
  readonly lease: Pick<NodeLease, 'key' | 'confirmedAgoMs' | 'isStale' | 'durationMs'>
  /** The LAN devices as they are now. */
  readonly devices: () => readonly Device[]
  /** The datapath has been brought up to date once, so that what is answered for is forwarded. */
  readonly forwards: () => boolean
  /** The facts differ from those that were told last: renew the Lease soon. */
  readonly onFactsChanged: () => void
  readonly clock: Clock
  readonly log: Log
}

/** So many renewals the watch of the Leases may lag behind. */
const RENEWALS = 16

/** For the status. */
export interface L2State extends Decision {
  /** An election was held. */
  readonly decided: boolean
  readonly announcements: ReadonlyMap<string, Announcement>
  readonly entries: readonly ResponderEntry[]
  /** Addresses whose responder entry the kernel refused, and its words. */
  readonly refused: ReadonlyMap<string, string>
}

/** Who answers for what: joins the facts of all nodes, the election, and what this node does. */
export class L2 {
  readonly #options: L2Options
  readonly #views: NodeViews
  readonly #announcements: Announcements
  #decision: Decision = NOTHING_DECIDED
  /** Addresses of this node and the names of the devices to answer on. */
  #owned: ReadonlyMap<string, readonly string[]> = new Map()
  /** What the decision rests on, beside the nodes; undefined: it is to be made anew. */
  #basis: { readonly version: number; readonly ownFacts: string } | undefined
  /** Counts changes of everything that decides, beside the Leases. */
  #version = 0
  /** Since when the API is out of reach, by the monotonic clock; undefined when it is not. */
  #cutOffMs: number | undefined = Number.NEGATIVE_INFINITY
  /** The last ones, oldest first. */
  #renewals: readonly Renewal[] = []
  #toldFacts = ''
  /** The neighbours are to be told anew what the next election leaves here: they may have heard another meanwhile. */
  #reannounce = false

  constructor(options: L2Options) {
    const { services, slices, policies, nodes, metallb } = options.sources
    this.#options = options
    this.#views = new NodeViews(options.clock, options.nodeName)
    this.#announcements = new Announcements(options)
    const ofMetallb = metallb === undefined ? [] : [metallb.pools, metallb.advertisements, metallb.legacy]
    for (const informer of [services, slices, policies, nodes, ...ofMetallb]) {
      informer.onChange(() => {
        this.#version += 1
      })
    }
  }

  /** Goes on with what the responder answered for before a restart of the agent; `holds` says since when. */
  adopt(holds: ReadonlyMap<string, number>): void {
    const deviceOf = (ifindex: number): readonly AnnouncingDevice[] =>
      this.#options
        .devices()
        .filter((device) => device.ifindex === ifindex)
        .flatMap(announcingDevice)
    this.#announcements.adopt(holds, deviceOf)
  }

  /** The responder was silent, so others may answer now: let go of everything until the election speaks. */
  surrender(): void {
    this.#announcements.surrender()
    this.#owned = new Map()
    this.#basis = undefined
  }

  /** The Lease ran out before it was renewed: from now on this node holds what it holds since now, so that who took over keeps it. */
  restartHolds(): void {
    this.#reannounce = true
    this.#announcements.restartHolds()
  }

  /** The API has confirmed the Lease. */
  leaseConfirmed(renewal: Renewal): void {
    this.#renewals = [...this.#renewals.slice(1 - RENEWALS), renewal]
    this.#confirmHeard()
  }

  /** What this node tells the others. */
  facts(): NodeFacts {
    const { enabled, devices } = this.#options
    return { devices: enabled ? devices().map(deviceFacts) : [], holds: this.#announcements.holds() }
  }

  /** Looks at everything and does what is due. Answers when to look again unasked. */
  reconcile(): { readonly runAgainInMs: number } {
    const { clock, onFactsChanged, lease } = this.#options
    this.#observe()
    this.#confirmHeard()
    const isNew = this.#mayDecide() && this.#decide()
    this.#announce()
    if (isNew && this.#reannounce) this.#tellAnew()
    this.#announcements.tick(lease.isStale())
    const facts = encodeNodeFacts(this.facts())
    if (facts !== this.#toldFacts) {
      this.#toldFacts = facts
      onFactsChanged()
    }
    const dueMs = Math.min(this.#announcements.deadlineMs(), this.#views.nextDeadlineMs() ?? Number.POSITIVE_INFINITY)
    return { runAgainInMs: Math.max(1, dueMs - clock.monotonicMs() + 1) }
  }

  state(): L2State {
    return {
      ...this.#decision,
      decided: this.#basis !== undefined,
      announcements: this.#announcements.all(),
      entries: this.#announcements.responder(),
      refused: this.#announcements.refused(),
    }
  }

  /**
   * What was yielded before a renewal may be had again, if the election says so, as soon as the watch of the Leases shows that renewal: then it
   * has shown all that happened before it, such as another node that took the address over. What comes first after an outage may be old.
   */
  #confirmHeard(): void {
    const { sources, lease } = this.#options
    const shown = sources.leases.items().get(lease.key)?.resourceVersion
    const heard = this.#renewals.findLast(({ resourceVersion }) => resourceVersion === shown)
    if (heard === undefined) return
    this.#announcements.tell((_address, { state }) =>
      state.kind === 'Yielded' && state.atMs < heard.askedMs ? { kind: 'LeaseConfirmed' } : undefined,
    )
  }

  /** Out of reach of the API nobody is declared dead and nothing is decided: the last answer stays. */
  #observe(): void {
    const { clock, lease, sources } = this.#options
    const agoMs = lease.confirmedAgoMs()
    const inReach = agoMs !== undefined && agoMs <= lease.durationMs / 2
    this.#views.observe(sources.leases.items().values())
    if (inReach && this.#cutOffMs !== undefined) {
      this.#views.refresh(this.#cutOffMs)
      this.#cutOffMs = undefined
    } else if (!inReach && this.#cutOffMs === undefined) {
      this.#cutOffMs = clock.monotonicMs() - Math.min(agoMs ?? 0, lease.durationMs)
    }
  }

  #mayDecide(): boolean {
    const { enabled, forwards, sources } = this.#options
    const isSynced = sources.all().every(([, informer]) => informer.status().synced)
    return enabled && forwards() && this.#cutOffMs === undefined && isSynced
  }

  /** Decides where something differs since the last time. True when it did. */
  #decide(): boolean {
    const { sources, nodeName } = this.#options
    const own = this.facts()
    const nodes = this.#views.views(sources.nodes.items(), own)
    const basis = { version: this.#version, ownFacts: encodeNodeFacts(own) }
    const isSame =
      basis.version === this.#basis?.version &&
      basis.ownFacts === this.#basis.ownFacts &&
      sameNodes(this.#decision.nodes, nodes, nodeName)
    if (isSame) return false
    this.#basis = basis
    const services = sources.services.items().values()
    this.#decision = decide({ services, rules: rulesFrom(sources), slicesOf: sources.slicesOf, nodes })
    this.#owned = ownedBy(this.#decision, nodeName)
    this.#announcements.setAddresses(this.#decision.claims.map(({ address }) => address))
    return true
  }

  /** Without a decision, as after a restart while the API is away, what is answered for stays. */
  #announce(): void {
    const isDecided = this.#basis !== undefined
    const up = this.#options.devices().filter(({ carrier }) => carrier)
    this.#announcements.tell((address) => {
      const names = this.#owned.get(address) ?? []
      const devices = names.length === 0 ? [] : up.filter(({ name }) => names.includes(name)).flatMap(announcingDevice)
      if (devices.length > 0) return { kind: 'Won', devices, adopted: false }
      return isDecided ? { kind: 'Lost' } : undefined
    })
  }

  #tellAnew(): void {
    this.#reannounce = false
    this.#announcements.tell(() => ({ kind: 'Reannounce' }))
  }
}

/** None for a device without a link-layer address: there is nothing to answer. */
function announcingDevice({ name, ifindex, mac }: Device): readonly AnnouncingDevice[] {
  return mac === undefined ? [] : [{ name, ifindex, mac }]
}

function deviceFacts({ name, mac, addresses, carrier }: Device): NodeFacts['devices'][number] {
  const prefixes = addresses.map(({ address, prefixLengthBits }) => prefixOf(address, prefixLengthBits))
  return { name, mac, prefixes, carrier }
}

/** The facts of an unchanged Lease are the same object; those of this node are compared as text, apart from this. */
function sameNodes(a: readonly NodeView[], b: readonly NodeView[], own: string): boolean {
  const same = (node: NodeView, other: NodeView | undefined): boolean =>
    node.name === other?.name && node.lease === other.lease && (node.name === own || node.facts === other.facts)
  return a.length === b.length && a.every((node, index) => same(node, b[index]))
}
