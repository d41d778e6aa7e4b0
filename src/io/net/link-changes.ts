import { watchReadable } from '#io/bpf/libc.ts'
import { attributeText, decodeNetlinkAttributes } from '#wire/netlink-attributes.ts'
import { decodeNetlinkMessages } from '#wire/netlink-message.ts'
import { NetError } from './net-error.ts'
import { NETLINK, openNetlink } from './netlink-socket.ts'
import type { Socket } from './socket.ts'

/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR */
const LINK_GROUPS = 0x1 | 0x10 | 0x100
/** RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE */
const ROUTE_GROUPS = 0x40 | 0x400
const RTM_DELROUTE = 25
/** In `struct rtmsg`. */
const PROTOCOL_OFFSET = 5
/** 1 << (NFNLGRP_NFTABLES - 1), of linux/netfilter/nfnetlink.h */
const NFTABLES_GROUP = 0x40
/** NFNL_SUBSYS_NFTABLES, the upper octet of a message's type. */
const NFTABLES_SUBSYSTEM = 10
/** `struct nfgenmsg`, before the attributes. */
const NFGENMSG_OCTETS = 4
/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, ...: the table that a message is about. */
const TABLE_ATTRIBUTE = 1
const ROOM_OCTETS = 64 * 1024
/** Datagrams read before others get their turn in the event loop. */
const MOST_DATAGRAMS = 256

/**
 * Listens from the moment of the call, not of the first `next()`, so that nothing is missed between a list and the wait for changes.
 * Any number of changes between two turns is one. Ends, and lets go of its socket, when the signal aborts or the loop is left.
 */
export function watchLinks(signal: AbortSignal): AsyncIterable<void> {
  const changes = openChanges(signal, { protocol: NETLINK.ROUTE, groups: LINK_GROUPS, concerns: () => true })
  return { [Symbol.asyncIterator]: () => iterate(changes, signal) }
}

/** Tells when a route of this protocol number goes away, in the same manner. */
export function watchRouteLosses(protocol: number, signal: AbortSignal): AsyncIterable<void> {
  const concerns = (datagram: Uint8Array): boolean => {
    const messages = decodeNetlinkMessages(datagram)
    if (!messages.ok) return true
    return messages.value.some(({ type, payload }) => type === RTM_DELROUTE && payload[PROTOCOL_OFFSET] === protocol)
  }
  const changes = openChanges(signal, { protocol: NETLINK.ROUTE, groups: ROUTE_GROUPS, concerns })
  return { [Symbol.asyncIterator]: () => iterate(changes, signal) }
}

/** Tells when something in a table of nftables changes, in the same manner; also by this process. Needs CAP_NET_ADMIN. */
export function watchTable(name: string, signal: AbortSignal): AsyncIterable<void> {
  const concerns = (datagram: Uint8Array): boolean => {
    const messages = decodeNetlinkMessages(datagram)
    if (!messages.ok) return true
    return messages.value.some(({ type, payload }) => type >> 8 === NFTABLES_SUBSYSTEM && tableOf(payload) === name)
  }
  const changes = openChanges(signal, { protocol: NETLINK.NETFILTER, groups: NFTABLES_GROUP, concerns })
  return { [Symbol.asyncIterator]: () => iterate(changes, signal) }
}

function tableOf(payload: Uint8Array): string | undefined {
  const attributes = decodeNetlinkAttributes(payload.subarray(NFGENMSG_OCTETS))
  return attributes.ok ? attributeText(attributes.value, TABLE_ATTRIBUTE) : undefined
}

interface Listened {
  /** Of `NETLINK`. */
  readonly protocol: number
  /** Multicast groups, as a mask. */
  readonly groups: number
  /** Whether a datagram tells of something that matters. */
  readonly concerns: (datagram: Uint8Array) => boolean
}

interface Changes {
  /** True when something changed, false at the end. */
  next(): Promise<boolean>
  close(): void
}

async function* iterate(changes: Changes, signal: AbortSignal): AsyncGenerator<void> {
  try {
    while ((await changes.next()) && !signal.aborted) yield
  } finally {
    changes.close()
  }
}

function openChanges(signal: AbortSignal, { protocol, groups, concerns }: Listened): Changes {
  const socket = openNetlink({ protocol, groups, nonBlocking: true })
  const room = new Uint8Array(ROOM_OCTETS)
  let changed = false
  let closed = false
  let failure: Error | undefined
  let wake = (): void => {}
  const stopWatching = watchReadable(socket.fd, () => {
    if (failure !== undefined) return
    try {
      changed = drain(socket, room, concerns) || changed
    } catch (cause) {
      failure = cause instanceof Error ? cause : new Error(String(cause))
      close()
    }
    if (changed || failure !== undefined) wake()
  })
  const close = (): void => {
    if (closed) return
    closed = true
    signal.removeEventListener('abort', close)
    stopWatching()
    socket.close()
    wake()
  }
  if (signal.aborted) close()
  else signal.addEventListener('abort', close)
  return {
    close,
    async next() {
      if (!changed && !closed && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (failure !== undefined) throw failure
      changed = false
      return !closed
    },
  }
}

/** ENOBUFS: the kernel had more to tell than the socket holds. What it was does not matter, that it was does. */
function drain(socket: Socket, room: Uint8Array, concerns: Listened['concerns']): boolean {
  let isConcerned = false
  for (let read = 0; read < MOST_DATAGRAMS; read++) {
    try {
      const datagram = socket.receive(room)
      if (datagram === undefined) return isConcerned
      isConcerned ||= concerns(datagram)
    } catch (cause) {
      const overrun =
        cause instanceof NetError && cause.failure.code === 'SystemCall' && cause.failure.errno === 'ENOBUFS'
      if (!overrun) throw cause
      return true
    }
  }
  return isConcerned
}
