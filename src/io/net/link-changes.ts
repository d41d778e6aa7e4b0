import { watchReadable } from '#io/bpf/libc.ts'
import { NetError } from './net-error.ts'
import { openNetlink } from './netlink-socket.ts'
import type { Socket } from './socket.ts'

/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR */
const GROUPS = 0x1 | 0x10 | 0x100
const ROOM_OCTETS = 64 * 1024
/** Datagrams read before others get their turn in the event loop. */
const MOST_DATAGRAMS = 256

/**
 * Listens from the moment of the call, not of the first `next()`, so that nothing is missed between a list and the wait for changes.
 * Any number of changes between two turns is one. Ends, and lets go of its socket, when the signal aborts or the loop is left.
 */
export function watchLinks(signal: AbortSignal): AsyncIterable<void> {
  const changes = openChanges(signal)
  return { [Symbol.asyncIterator]: () => iterate(changes, signal) }
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

function openChanges(signal: AbortSignal): Changes {
  const socket = openNetlink({ groups: GROUPS, nonBlocking: true })
  const room = new Uint8Array(ROOM_OCTETS)
  let changed = false
  let closed = false
  let failure: Error | undefined
  let wake = (): void => {}
  const stopWatching = watchReadable(socket.fd, () => {
    if (failure !== undefined) return
    try {
      changed = drain(socket, room) || changed
    } catch (cause) {
      failure = cause instanceof Error ? cause : new Error(String(cause))
      close()
    }
    wake()
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
function drain(socket: Socket, room: Uint8Array): boolean {
  for (let read = 0; read < MOST_DATAGRAMS; read++) {
    try {
      if (socket.receive(room) === undefined) return read > 0
    } catch (cause) {
      const overrun =
        cause instanceof NetError && cause.failure.code === 'SystemCall' && cause.failure.errno === 'ENOBUFS'
      if (!overrun) throw cause
      return true
    }
  }
  return true
}
