import {
  type AnnouncerEffect,
  type AnnouncerEvent,
  type AnnouncerState,
  type AnnouncingDevice,
  announcerDeadlineMs,
  STANDBY,
  stepAnnouncer,
} from '#l2/announcer.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import type { FrameSender } from '#ports/frame-sender.ts'
import type { Log } from '#ports/log.ts'
import { toFailure } from '#runtime/failure.ts'
import { encodeGratuitousArp } from '#wire/arp.ts'
import { monotonicNs } from '#agents/agent/clock-ns.ts'
import { deleteResponder, putResponder, type ResponderEntry, readResponder, repairResponder } from './responder.ts'

export interface AnnouncementsOptions {
  readonly maps: BpfMaps
  readonly frames: FrameSender
  readonly clock: Clock
  readonly log: Log
}

/** One address of which this node knows, and what it does about it. */
export interface Announcement {
  readonly address: Ip
  readonly state: AnnouncerState
  /** Wall clock; since when this node answers. */
  readonly sinceMs: number
}

interface Entry extends Announcement {
  state: AnnouncerState
  sinceMs: number
  /** `bpf_ktime_get_ns()` up to which conflicts were dealt with. */
  conflictsSeenNs: bigint
}

/** How often the responder's entries are looked at, for conflicts and for what differs. */
const LOOK_MS = 1000

/** What this node answers for: the announcer of each address, the responder in the kernel, gratuitous ARP. */
export class Announcements {
  readonly #options: AnnouncementsOptions
  readonly #entries = new Map<string, Entry>()
  #seen: readonly ResponderEntry[] = []
  #lookedMs = Number.NEGATIVE_INFINITY
  readonly #refused = new Map<string, string>()

  constructor(options: AnnouncementsOptions) {
    this.#options = options
  }

  /** By address. */
  all(): ReadonlyMap<string, Announcement> {
    return this.#entries
  }

  /** What the responder held when it was looked at last. */
  responder(): readonly ResponderEntry[] {
    return this.#seen
  }

  /** Addresses whose entry the kernel refused, and its words. */
  refused(): ReadonlyMap<string, string> {
    return this.#refused
  }

  /** Addresses that are answered for, and since when. */
  holds(): ReadonlyMap<string, number> {
    const announcing = [...this.#entries].filter(([, { state }]) => state.kind === 'Announcing')
    return new Map(announcing.map(([address, { sinceMs }]) => [address, sinceMs]))
  }

  /** Goes on with what the responder answers for already; `holds` says since when, `deviceOf` on which devices. */
  adopt(holds: ReadonlyMap<string, number>, deviceOf: (ifindex: number) => readonly AnnouncingDevice[]): void {
    const { clock, log } = this.#options
    for (const [text, entries] of Map.groupBy(this.#look(), (entry) => entry.text)) {
      const first = entries[0]
      if (first === undefined) continue
      const devices = entries.flatMap(({ ifindex }) => deviceOf(ifindex))
      const sinceMs = holds.get(text) ?? this.#entries.get(text)?.sinceMs ?? clock.nowMs()
      const state: AnnouncerState = { kind: 'Announcing', devices, garpAtMs: [], defendedAtMs: undefined }
      this.#entries.set(text, { address: first.address, state, sinceMs, conflictsSeenNs: 0n })
    }
    if (this.#entries.size > 0) log.info('Announcements taken over', { addresses: [...this.#entries.keys()] })
  }

  /** Answers for nothing any more. */
  surrender(): void {
    const { maps, log } = this.#options
    const entries = readResponder(maps)
    for (const { address, ifindex } of entries) deleteResponder(maps, address, { ifindex })
    if (entries.length > 0) {
      log.warn('Addresses let go: the agent was away for longer than the fence', { entries: entries.length })
    }
    this.#entries.clear()
  }

  /** From now on everything is held since now. */
  restartHolds(): void {
    for (const entry of this.#entries.values()) entry.sinceMs = this.#options.clock.nowMs()
  }

  /** These are the addresses that there are: new ones stand by, others are given up. */
  setAddresses(addresses: readonly Ip[]): void {
    const known = new Set<string>()
    for (const address of addresses) {
      const text = formatIp(address)
      known.add(text)
      if (!this.#entries.has(text))
        this.#entries.set(text, { address, state: STANDBY, sinceMs: 0, conflictsSeenNs: 0n })
    }
    for (const [text, entry] of this.#entries) {
      if (known.has(text)) continue
      this.#step(entry, { kind: 'Lost' })
      if (entry.state.kind !== 'Announcing') this.#entries.delete(text)
    }
  }

  /** An event for every address for which there is one. */
  tell(eventFor: (address: string, announcement: Announcement) => AnnouncerEvent | undefined): void {
    for (const [text, entry] of this.#entries) {
      const event = eventFor(text, entry)
      if (event !== undefined) this.#step(entry, event)
    }
  }

  /** Does what is due: looks at the responder now and then, answers conflicts, sends what was scheduled. */
  tick(leaseStale: boolean): void {
    if (this.#options.clock.monotonicMs() - this.#lookedMs >= LOOK_MS) {
      repairResponder(this.#options, this.#look(), this.#entries)
      for (const { text, entry } of this.#seen) this.#noteConflict(text, entry.conflictNs, leaseStale)
    }
    this.tell(() => ({ kind: 'TimerDue' }))
  }

  /** When `tick` is due next. */
  deadlineMs(): number {
    const deadlines = [...this.#entries.values()].map(
      ({ state }) => announcerDeadlineMs(state) ?? Number.POSITIVE_INFINITY,
    )
    return deadlines.reduce((a, b) => Math.min(a, b), this.#lookedMs + LOOK_MS)
  }

  #noteConflict(text: string, conflictNs: bigint, leaseStale: boolean): void {
    const entry = this.#entries.get(text)
    if (entry === undefined || conflictNs <= entry.conflictsSeenNs) return
    entry.conflictsSeenNs = conflictNs
    this.#step(entry, { kind: 'Conflict', leaseStale })
  }

  /** What the kernel refuses leaves the state as it was, so that nothing is told to others that is not so; it is tried again. */
  #step(entry: Entry, event: AnnouncerEvent): void {
    const before = entry.state
    const { state, effects } = stepAnnouncer(before, event, this.#options.clock.monotonicMs())
    const address = formatIp(entry.address)
    try {
      for (const effect of effects) this.#do(entry.address, effect)
      this.#refused.delete(address)
    } catch (error) {
      this.#refused.set(address, toFailure(error).message)
      return
    }
    entry.state = state
    if (before.kind !== state.kind) this.#entered(entry, before.kind)
  }

  #entered(entry: Entry, from: AnnouncerState['kind']): void {
    const { clock, log } = this.#options
    const { state } = entry
    const address = formatIp(entry.address)
    if (state.kind === 'Announcing') {
      entry.sinceMs = clock.nowMs()
      entry.conflictsSeenNs = monotonicNs(clock)
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
  #sendGarp(address: Ip, { ifindex, mac, name }: AnnouncingDevice): void {
    const { frames, log } = this.#options
    try {
      for (const form of ['request', 'reply'] as const) frames.send(ifindex, encodeGratuitousArp(address, mac, form))
    } catch (error) {
      const fields = { address: formatIp(address), device: name, error: toFailure(error).message }
      log.warn('Gratuitous ARP was not sent, it is repeated', fields)
    }
  }

  #look(): readonly ResponderEntry[] {
    this.#seen = readResponder(this.#options.maps)
    this.#lookedMs = this.#options.clock.monotonicMs()
    return this.#seen
  }
}
