/** What one node does about one address: a machine of three states. Times are milliseconds of the monotonic clock. */
import type { Mac } from '#model/mac.ts'

/** A device to answer on. */
export interface AnnouncingDevice {
  readonly name: string
  readonly ifindex: number
  /** What is answered. */
  readonly mac: Mac
}

export type AnnouncerState =
  | { readonly kind: 'Standby' }
  | {
      readonly kind: 'Announcing'
      readonly devices: readonly AnnouncingDevice[]
      /** Gratuitous ARPs that are still to be sent, ascending. */
      readonly garpAtMs: readonly number[]
      /** When another station's claim was last answered with our own; undefined when never. */
      readonly defendedAtMs: number | undefined
    }
  /** Another station claims the address while our Lease may be out of date: it is right until the API says otherwise. */
  | { readonly kind: 'Yielded'; readonly atMs: number }

export type AnnouncerEvent =
  /** The election gives the address to this node. `adopted`: the responder already answered for it before a restart. */
  | { readonly kind: 'Won'; readonly devices: readonly AnnouncingDevice[]; readonly adopted: boolean }
  /** It gives it to another, or to nobody. */
  | { readonly kind: 'Lost' }
  | { readonly kind: 'TimerDue' }
  /** Another station sent a frame with the address as its own (RFC 5227 section 2.4). */
  | { readonly kind: 'Conflict'; readonly leaseStale: boolean }
  /** This node was cut off and keeps the address: tell the neighbours anew, who may have heard another meanwhile. */
  | { readonly kind: 'Reannounce' }
  /** The API server has confirmed our Lease after it was out of date. */
  | { readonly kind: 'LeaseConfirmed' }

export type AnnouncerEffect = { readonly kind: 'put' | 'delete' | 'garp'; readonly device: AnnouncingDevice }

export interface AnnouncerStep {
  readonly state: AnnouncerState
  readonly effects: readonly AnnouncerEffect[]
}

export const STANDBY: AnnouncerState = { kind: 'Standby' }

/** When gratuitous ARPs are sent after a takeover: repeated, as frames are lost and old kernels ignore a change within 1 s. */
export const GARP_SCHEDULE_MS: readonly number[] = [0, 100, 500, 1100, 2000, 5000]

/** RFC 5227 section 1.1 DEFEND_INTERVAL: an address is defended at most this often. */
export const DEFEND_INTERVAL_MS = 10_000

type StateOf<K> = Extract<AnnouncerState, { kind: K }>
type EventOf<K> = Extract<AnnouncerEvent, { kind: K }>
type Handler<S, E> = (state: StateOf<S>, event: EventOf<E>, nowMs: number) => AnnouncerStep
type Table = {
  readonly [S in AnnouncerState['kind']]: { readonly [E in AnnouncerEvent['kind']]?: Handler<S, E> }
}

const TABLE: Table = {
  Standby: {
    Won: (_state, { devices, adopted }, nowMs) => ({
      state: {
        kind: 'Announcing',
        devices,
        garpAtMs: adopted ? [] : later(nowMs),
        defendedAtMs: undefined,
      },
      effects: [...all('put', devices), ...(adopted ? [] : all('garp', devices))],
    }),
  },
  Announcing: {
    Won: (state, { devices }, nowMs) => {
      const added = without(devices, state.devices)
      return {
        state: { ...state, devices, garpAtMs: added.length > 0 ? later(nowMs) : state.garpAtMs },
        effects: [...all('put', added), ...all('garp', added), ...all('delete', without(state.devices, devices))],
      }
    },
    Lost: (state) => ({ state: STANDBY, effects: all('delete', state.devices) }),
    TimerDue: (state, _event, nowMs) => ({
      state: { ...state, garpAtMs: state.garpAtMs.filter((atMs) => atMs > nowMs) },
      effects: state.garpAtMs.some((atMs) => atMs <= nowMs) ? all('garp', state.devices) : [],
    }),
    Conflict: (state, { leaseStale }, nowMs) => {
      if (leaseStale) return { state: { kind: 'Yielded', atMs: nowMs }, effects: all('delete', state.devices) }
      if (state.defendedAtMs !== undefined && nowMs - state.defendedAtMs < DEFEND_INTERVAL_MS)
        return { state, effects: [] }
      return { state: { ...state, defendedAtMs: nowMs }, effects: all('garp', state.devices) }
    },
    Reannounce: (state, _event, nowMs) => ({
      state: { ...state, garpAtMs: later(nowMs) },
      effects: all('garp', state.devices),
    }),
  },
  Yielded: {
    LeaseConfirmed: () => ({ state: STANDBY, effects: [] }),
  },
}

/** An event that says nothing in a state changes nothing: the election is told again and again what it knows already. */
export function stepAnnouncer(state: AnnouncerState, event: AnnouncerEvent, nowMs: number): AnnouncerStep {
  const handler = TABLE[state.kind][event.kind] as Handler<unknown, unknown> | undefined
  return handler === undefined ? { state, effects: [] } : handler(state, event, nowMs)
}

/** When `TimerDue` is wanted next; undefined when never. */
export function announcerDeadlineMs(state: AnnouncerState): number | undefined {
  return state.kind === 'Announcing' ? state.garpAtMs[0] : undefined
}

function later(nowMs: number): readonly number[] {
  return GARP_SCHEDULE_MS.filter((delayMs) => delayMs > 0).map((delayMs) => nowMs + delayMs)
}

function all(kind: AnnouncerEffect['kind'], devices: readonly AnnouncingDevice[]): readonly AnnouncerEffect[] {
  return devices.map((device) => ({ kind, device }))
}

function without(
  devices: readonly AnnouncingDevice[],
  others: readonly AnnouncingDevice[],
): readonly AnnouncingDevice[] {
  return devices.filter(
    (device) => !others.some(({ ifindex, mac }) => ifindex === device.ifindex && mac === device.mac),
  )
}
