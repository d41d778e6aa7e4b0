import {
  type AnnouncerEffect,
  type AnnouncerEvent,
  type AnnouncerState,
  type AnnouncingDevice,
  announcerDeadlineMs,
  STANDBY,
  stepAnnouncer,
} from '#l2/announcer.ts'
import { createJudge, type Judge, type NodeView } from '#l2/candidates.ts'
import { type Claim, claimsOf } from '#l2/claims.ts'
import { type Election, elect } from '#l2/election.ts'
import { encodeNodeFacts, type NodeFacts } from '#l2/node-facts.ts'
import type { Device } from '#model/device.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import { prefixOf } from '#model/prefix.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import type { FrameSender } from '#ports/frame-sender.ts'
import type { Log } from '#ports/log.ts'
import { toFailure } from '#runtime/failure.ts'
import { encodeGratuitousArp } from '#wire/arp.ts'
import { monotonicNs } from './clock-ns.ts'
import { NodeViews } from './l2-views.ts'
import type { NodeLease } from './node-lease.ts'
import { deleteResponder, putResponder, type ResponderEntry, readResponder } from './responder.ts'
import type { Sources } from './sources.ts'

export interface L2Options {
  readonly enabled: boolean
  readonly nodeName: string
  readonly maps: BpfMaps
  readonly frames: FrameSender
  readonly sources: Sources
  readonly lease: Pick<NodeLease, 'confirmedAgoMs' | 'isStale' | 'durationMs'>
  /** The LAN devices as they are now. */
  readonly devices: () => readonly Device[]
  /** The datapath has been brought up to date once, so that what is answered for is forwarded. */
  readonly forwards: () => boolean
  /** The facts differ from those that were told last: renew the Lease soon. */
  readonly onFactsChanged: () => void
  readonly clock: Clock
  readonly log: Log
}

/** One address of which this node knows. */
interface Announcement {
  readonly address: Ip
  state: AnnouncerState
  /** Wall clock; since when this node answers. */
  sinceMs: number
  /** `bpf_ktime_get_ns()` up to which conflicts were dealt with. */
  conflictsSeenNs: bigint
}

/** How often the responder's entries are looked at, for conflicts and for what differs. */
const RESPONDER_LOOK_MS = 1000

/** Who answers for what: joins facts, election, announcer, responder and gratuitous ARP on this node. */
export class L2 {
  readonly #options: L2Options
  readonly #views: NodeViews
  readonly #announcements = new Map<string, Announcement>()
  #claims: readonly Claim[] = []
  #nodes: readonly NodeView[] = []
  #judge: Judge = () => new Map()
  #elections: ReadonlyMap<string, Election> = new Map()
  /** Addresses of this node and the names of the devices to answer on. */
  #owned = new Map<string, readonly string[]>()
  #entries: readonly ResponderEntry[] = []
  #entriesReadMs = Number.NEGATIVE_INFINITY
  /** What the last election was held on, beside the nodes; undefined: it is to be held anew. */
  #basis: { readonly version: number; readonly ownFacts: string } | undefined
  #version = 0
  /** Since when the API is out of reach, by the monotonic clock; undefined when it is not. */
  #cutOffMs: number | undefined = Number.NEGATIVE_INFINITY
  #ownFactsText = ''
  /** The neighbours are to be told anew what the next election leaves here: they may have heard another meanwhile. */
  #reannounce = false
  #garpFailures = 0
  /** Addresses whose responder entry the kernel refused, and its words. */
  readonly #refused = new Map<string, string>()

  constructor(options: L2Options) {
    this.#options = options
    this.#views = new NodeViews(options.clock, options.nodeName)
    for (const informer of [
      options.sources.services,
      options.sources.slices,
      options.sources.policies,
      options.sources.nodes,
    ])
      informer.onChange(() => {
        this.#version += 1
      })
  }

  /** Goes on with what the responder answered for before a restart of the agent; `holds` says since when. */
  adopt(holds: ReadonlyMap<string, number>): void {
    const { clock, log } = this.#options
    for (const [text, entries] of Map.groupBy(this.#look(), (entry) => entry.text)) {
      const first = entries[0]
      if (first === undefined) continue
      const devices = entries.flatMap(({ ifindex }) => this.#device(ifindex) ?? [])
      const sinceMs = holds.get(text) ?? this.#announcements.get(text)?.sinceMs ?? clock.nowMs()
      const state: AnnouncerState = { kind: 'Announcing', devices, garpAtMs: [], defendedAtMs: undefined }
      this.#announcements.set(text, { address: first.address, state, sinceMs, conflictsSeenNs: 0n })
    }
    if (this.#announcements.size > 0)
      log.info('Announcements taken over', { addresses: [...this.#announcements.keys()] })
  }

  /** The responder was silent, so others may answer now: let go of everything until the election speaks. */
  surrender(): void {
    const { maps, log } = this.#options
    const entries = readResponder(maps)
    for (const { address, ifindex } of entries) deleteResponder(maps, address, { ifindex })
    if (entries.length > 0)
      log.warn('Addresses let go: the agent was away for longer than the fence', { entries: entries.length })
    this.#announcements.clear()
    this.#owned.clear()
    this.#basis = undefined
  }

  /** The Lease ran out before it was renewed: from now on this node holds what it holds since now, so that who took over keeps it. */
  restartHolds(): void {
    this.#reannounce = true
    for (const announcement of this.#announcements.values()) announcement.sinceMs = this.#options.clock.nowMs()
  }

  /** The API has confirmed the Lease, as it was asked at that time. What was yielded before may be had again, if the election says so. */
  leaseConfirmed(askedMs: number): void {
    for (const announcement of this.#announcements.values()) {
      const { state } = announcement
      if (state.kind === 'Yielded' && state.atMs < askedMs) this.#step(announcement, { kind: 'LeaseConfirmed' })
    }
  }

  /** What this node tells the others. */
  facts(): NodeFacts {
    const holds = new Map<string, number>()
    for (const [text, { state, sinceMs }] of this.#announcements)
      if (state.kind === 'Announcing') holds.set(text, sinceMs)
    return { devices: this.#options.devices().map(deviceFacts), holds }
  }

  /** Looks at everything and does what is due. Answers when to look again unasked. */
  reconcile(): { readonly runAgainInMs: number | undefined } {
    const { clock, onFactsChanged } = this.#options
    this.#observe()
    const held = this.#mayDecide() && this.#decide()
    this.#announce()
    if (held && this.#reannounce) this.#tellAnew()
    const facts = encodeNodeFacts(this.facts())
    if (facts !== this.#ownFactsText) {
      this.#ownFactsText = facts
      onFactsChanged()
    }
    const deadlines = [
      ...[...this.#announcements.values()].map(({ state }) => announcerDeadlineMs(state)),
      this.#views.nextDeadlineMs(),
      this.#entriesReadMs + RESPONDER_LOOK_MS,
    ].filter((deadlineMs) => deadlineMs !== undefined)
    const soonestMs = deadlines.reduce((a, b) => Math.min(a, b))
    return { runAgainInMs: Math.max(1, soonestMs - clock.monotonicMs() + 1) }
  }

  /** For the status. */
  state(): {
    readonly claims: readonly Claim[]
    readonly nodes: readonly NodeView[]
    readonly judge: Judge
    readonly elections: ReadonlyMap<string, Election>
    readonly announcements: ReadonlyMap<string, Readonly<Announcement>>
    readonly entries: readonly ResponderEntry[]
    /** An election was held. */
    readonly decided: boolean
    readonly cutOff: boolean
    readonly garpFailures: number
    readonly refused: ReadonlyMap<string, string>
  } {
    return {
      claims: this.#claims,
      nodes: this.#nodes,
      judge: this.#judge,
      elections: this.#elections,
      announcements: this.#announcements,
      entries: this.#entries,
      decided: this.#basis !== undefined,
      cutOff: this.#cutOffMs !== undefined,
      garpFailures: this.#garpFailures,
      refused: this.#refused,
    }
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
    return (
      this.#options.enabled &&
      this.#options.forwards() &&
      this.#cutOffMs === undefined &&
      this.#options.sources.all().every(([, informer]) => informer.status().synced)
    )
  }

  /** Holds the election where something differs since the last one. True when it did. */
  #decide(): boolean {
    const { sources, nodeName } = this.#options
    const nodes = this.#views.views(sources.nodes.items(), this.facts())
    const ownFacts = encodeNodeFacts(this.facts())
    const basis = this.#basis
    const isSame =
      basis?.version === this.#version && basis.ownFacts === ownFacts && sameNodes(this.#nodes, nodes, nodeName)
    if (isSame) return false
    this.#basis = { version: this.#version, ownFacts }
    const policies = [...sources.policies.items().values()].flatMap(({ policy }) => policy ?? [])
    this.#nodes = nodes
    this.#claims = claimsOf(sources.services.items().values(), policies, sources.slicesOf).filter(
      ({ address }) => address.family === 'IPv4',
    )
    this.#judge = createJudge(nodes, policies)
    const judged = this.#claims.map((claim) => ({ claim, verdicts: this.#judge(claim) }))
    const held = holdersByAddress(nodes)
    this.#elections = elect(
      judged.map(({ claim: { address }, verdicts }) => ({
        address,
        eligible: [...verdicts].filter(([, { code }]) => code === 'Eligible').map(([name]) => name),
        holders: held.get(formatIp(address)) ?? new Map(),
      })),
    )
    this.#owned = new Map()
    for (const { claim, verdicts } of judged) {
      const text = formatIp(claim.address)
      const own = verdicts.get(nodeName)
      if (this.#elections.get(text)?.owner === nodeName && own?.code === 'Eligible') this.#owned.set(text, own.devices)
      if (!this.#announcements.has(text)) this.#announcements.set(text, newAnnouncement(claim.address))
    }
    const claimed = new Set(this.#claims.map(({ address }) => formatIp(address)))
    for (const [text, announcement] of this.#announcements) {
      if (claimed.has(text)) continue
      this.#step(announcement, { kind: 'Lost' })
      this.#announcements.delete(text)
    }
    return true
  }

  #announce(): void {
    const { clock, lease } = this.#options
    if (clock.monotonicMs() - this.#entriesReadMs >= RESPONDER_LOOK_MS) this.#compare(this.#look())
    const decided = this.#basis !== undefined
    const up = this.#options.devices().filter((device) => device.carrier)
    for (const [text, announcement] of this.#announcements) {
      const names = this.#owned.get(text) ?? []
      const devices = up.filter(({ name }) => names.includes(name)).flatMap(announcingDevice)
      if (devices.length > 0) this.#step(announcement, { kind: 'Won', devices, adopted: false })
      else if (decided) this.#step(announcement, { kind: 'Lost' })
      if (this.#newConflict(text, announcement))
        this.#step(announcement, { kind: 'Conflict', leaseStale: lease.isStale() })
      this.#step(announcement, { kind: 'TimerDue' })
    }
  }

  #tellAnew(): void {
    this.#reannounce = false
    for (const announcement of this.#announcements.values()) this.#step(announcement, { kind: 'Reannounce' })
  }

  #newConflict(text: string, announcement: Announcement): boolean {
    const conflicts = this.#entries.filter((entry) => entry.text === text).map(({ entry }) => entry.conflictNs)
    const last = conflicts.reduce((a, b) => (a > b ? a : b), 0n)
    if (last <= announcement.conflictsSeenNs) return false
    announcement.conflictsSeenNs = last
    return true
  }

  /** What the kernel refuses leaves the state as it was, so that nothing is told to others that is not so; it is tried again. */
  #step(announcement: Announcement, event: AnnouncerEvent): void {
    const { clock } = this.#options
    const before = announcement.state
    const { state, effects } = stepAnnouncer(before, event, clock.monotonicMs())
    const address = formatIp(announcement.address)
    try {
      for (const effect of effects) this.#do(announcement.address, effect)
      this.#refused.delete(address)
    } catch (error) {
      this.#refused.set(address, toFailure(error).message)
      return
    }
    announcement.state = state
    if (before.kind !== state.kind) this.#entered(announcement, before.kind)
  }

  #entered(announcement: Announcement, from: AnnouncerState['kind']): void {
    const { clock, log } = this.#options
    const address = formatIp(announcement.address)
    const { state } = announcement
    if (state.kind === 'Announcing') {
      announcement.sinceMs = clock.nowMs()
      announcement.conflictsSeenNs = monotonicNs(clock)
      log.info('Address taken', { address, devices: state.devices.map(({ name }) => name) })
    } else if (state.kind === 'Yielded') {
      log.warn('Address yielded: another station claims it and the Lease is out of date', { address })
    } else if (from === 'Announcing') log.info('Address given up', { address })
  }

  #do(address: Ip, { kind, device }: AnnouncerEffect): void {
    switch (kind) {
      case 'put':
        return putResponder(this.#options.maps, address, device)
      case 'delete':
        return deleteResponder(this.#options.maps, address, device)
      case 'garp':
        return this.#sendGarp(address, device)
    }
  }

  /** Both forms: some neighbours take the one, some the other. */
  #sendGarp(address: Ip, device: AnnouncingDevice): void {
    try {
      this.#options.frames.send(device.ifindex, encodeGratuitousArp(address, device.mac, 'request'))
      this.#options.frames.send(device.ifindex, encodeGratuitousArp(address, device.mac, 'reply'))
    } catch (error) {
      this.#garpFailures += 1
      const fields = { address: formatIp(address), device: device.name, error: toFailure(error).message }
      this.#options.log.warn('Gratuitous ARP was not sent, it is repeated', fields)
    }
  }

  #look(): readonly ResponderEntry[] {
    this.#entries = readResponder(this.#options.maps)
    this.#entriesReadMs = this.#options.clock.monotonicMs()
    return this.#entries
  }

  /** The entries against what this node announces: what differs is put right. */
  #compare(entries: readonly ResponderEntry[]): void {
    const { maps, log } = this.#options
    const there = new Set(entries.map(({ text, ifindex, entry }) => `${text}%${ifindex}%${entry.mac}`))
    const places = new Set<string>()
    for (const [text, { address, state }] of this.#announcements) {
      if (state.kind !== 'Announcing') continue
      for (const device of state.devices) {
        places.add(`${text}%${device.ifindex}`)
        if (there.has(`${text}%${device.ifindex}%${device.mac}`)) continue
        log.warn('Responder entry was missing or wrong, put again', { address: text, device: device.name })
        putResponder(maps, address, device)
      }
    }
    for (const { address, text, ifindex } of entries) {
      if (places.has(`${text}%${ifindex}`)) continue
      log.warn('Responder entry was not wanted, deleted', { address: text, ifindex })
      deleteResponder(maps, address, { ifindex })
    }
  }

  #device(ifindex: number): AnnouncingDevice | undefined {
    const device = this.#options.devices().find((candidate) => candidate.ifindex === ifindex)
    return device === undefined ? undefined : announcingDevice(device)[0]
  }
}

/** None for a device without a link-layer address: there is nothing to answer. */
function announcingDevice({ name, ifindex, mac }: Device): readonly AnnouncingDevice[] {
  return mac === undefined ? [] : [{ name, ifindex, mac }]
}

function newAnnouncement(address: Ip): Announcement {
  return { address, state: STANDBY, sinceMs: 0, conflictsSeenNs: 0n }
}

function deviceFacts({ name, mac, addresses, carrier }: Device): NodeFacts['devices'][number] {
  const prefixes = addresses.map(({ address, prefixLengthBits }) => prefixOf(address, prefixLengthBits))
  return { name, mac, prefixes, carrier }
}

/** Who says that it holds what, and since when. Whether it may is the election's question. */
function holdersByAddress(nodes: readonly NodeView[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const held = new Map<string, Map<string, number>>()
  for (const { name, facts } of nodes) {
    for (const [text, sinceMs] of facts.holds) {
      const holders = held.get(text) ?? new Map<string, number>()
      held.set(text, holders.set(name, sinceMs))
    }
  }
  return held
}

/** The facts of an unchanged Lease are the same object; those of this node are compared as text, apart from this. */
function sameNodes(a: readonly NodeView[], b: readonly NodeView[], own: string): boolean {
  return (
    a.length === b.length &&
    a.every((node, index) => {
      const other = b[index]
      return (
        node.name === other?.name && node.lease === other.lease && (node.name === own || node.facts === other.facts)
      )
    })
  )
}
