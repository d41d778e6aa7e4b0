import { errnoName } from '#io/bpf/errno.ts'
import type { Result } from '#model/result.ts'
import {
  decodeNetlinkError,
  decodeNetlinkMessages,
  encodeNetlinkMessage,
  NLM_F,
  NLMSG,
  type NetlinkDefect,
  type NetlinkMessage,
} from '#wire/netlink-message.ts'
import { NetError } from './net-error.ts'
import { openNetlink } from './netlink-socket.ts'
import type { Socket } from './socket.ts'

export interface DumpRequest<T> {
  /** For messages: `RTM_GETLINK`. */
  readonly name: string
  readonly type: number
  readonly payload: Uint8Array
  /** Type of the messages that answer. */
  readonly answerType: number
  /** Undefined: not of interest. */
  readonly decode: (payload: Uint8Array) => Result<T | undefined, NetlinkDefect>
}

const MOST_ATTEMPTS = 5
/** The kernel fills its datagrams up to what the reader takes, 32 KiB at most. */
const ROOM_OCTETS = 64 * 1024

/** A consistent list from rtnetlink of this network namespace: asked for again when it changed under way. */
export function dump<T>(request: DumpRequest<T>): readonly T[] {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const socket = openNetlink({ groups: 0, nonBlocking: false })
    try {
      const found = readDump(socket, request)
      if (found !== undefined) return found
    } finally {
      socket.close()
    }
  }
  throw new NetError({ code: 'DumpInterrupted', request: request.name, attempts: MOST_ATTEMPTS })
}

/** Undefined when the kernel says that the list changed meanwhile. */
function readDump<T>(socket: Socket, request: DumpRequest<T>): readonly T[] | undefined {
  const { type, payload } = request
  socket.send(encodeNetlinkMessage({ type, flags: NLM_F.REQUEST | NLM_F.DUMP, sequence: 1, payload }))
  const found: T[] = []
  const room = new Uint8Array(ROOM_OCTETS)
  let interrupted = false
  for (;;) {
    const datagram = socket.receive(room)
    if (datagram === undefined) throw new NetError({ code: 'Refused', request: request.name, errno: 'ETIMEDOUT' })
    for (const message of accept(request, decodeNetlinkMessages(datagram))) {
      interrupted ||= (message.flags & NLM_F.DUMP_INTR) !== 0
      if (message.type === NLMSG.DONE) return interrupted ? undefined : found
      const item = readMessage(request, message)
      if (item !== undefined) found.push(item)
    }
  }
}

function readMessage<T>(request: DumpRequest<T>, message: NetlinkMessage): T | undefined {
  if (message.type === NLMSG.ERROR) {
    const number = accept(request, decodeNetlinkError(message.payload))
    throw new NetError({ code: 'Refused', request: request.name, errno: errnoName(number) })
  }
  return message.type === request.answerType ? accept(request, request.decode(message.payload)) : undefined
}

function accept<T>(request: { readonly name: string }, result: Result<T, NetlinkDefect>): T {
  if (result.ok) return result.value
  throw new NetError({ code: 'BadNetlink', request: request.name, defect: result.error })
}
