import { connect, type NetConnectOpts, type Server, type Socket, createServer } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
import { NO_FAULT, type ProxyFault } from './fault.ts'
import type { Refuser } from './refuser.ts'

/**
 * A TCP proxy that can be told to misbehave: the node's way to the API, as KubePrism on Talos. A fault holds for the connections that
 * are there as well as for new ones.
 */
export class FaultyProxy {
  readonly #target: NetConnectOpts
  readonly #refuser: Refuser | undefined
  readonly #connections = new Set<Connection>()
  readonly #server: Server
  #fault: ProxyFault = NO_FAULT

  /** Without a refuser there is no fault `status`. */
  constructor(target: NetConnectOpts, refuser?: Refuser) {
    this.#target = target
    this.#refuser = refuser
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  /** Gives the port; 0 for a Unix socket. */
  listen(endpoint: NetConnectOpts): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(endpoint, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  get fault(): ProxyFault {
    return this.#fault
  }

  set fault(fault: ProxyFault) {
    this.#fault = fault
    this.#refuser?.close()
    for (const connection of this.#connections) {
      if (fault.kind === 'cut' || fault.kind === 'status') connection.reset()
      else connection.apply(fault)
    }
  }

  close(): void {
    this.#server.close()
    this.#refuser?.close()
    for (const connection of this.#connections) connection.reset()
  }

  #accept(client: Socket): void {
    if (this.#fault.kind === 'cut') {
      end(client)
      return
    }
    if (this.#fault.kind === 'status' && this.#refuser !== undefined) {
      client.on('error', () => end(client))
      this.#refuser.serve(client, this.#fault.code)
      return
    }
    const connection = new Connection(client, this.#target)
    this.#connections.add(connection)
    connection.apply(this.#fault)
    client.once('close', () => this.#connections.delete(connection))
  }
}

/** Both directions of one proxied connection. */
class Connection {
  readonly #sockets: readonly Socket[]
  readonly #gates: readonly Gate[]

  constructor(client: Socket, target: NetConnectOpts) {
    const server = connect({ ...target, allowHalfOpen: true })
    this.#sockets = [client, server]
    this.#gates = [new Gate(), new Gate()]
    for (const socket of this.#sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => this.reset())
    }
    const [up, down] = this.#gates as [Gate, Gate]
    client.pipe(up).pipe(server)
    server.pipe(down).pipe(client)
  }

  apply(fault: ProxyFault): void {
    for (const gate of this.#gates) gate.apply(fault)
  }

  reset(): void {
    for (const socket of this.#sockets) end(socket)
  }
}

/** Resets a TCP connection; a Unix socket knows no reset and is closed. */
function end(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** Passes octets on at once, later (in their order, and as many at a time as come), or not until it is told to. */
class Gate extends Transform {
  #fault: ProxyFault = NO_FAULT
  #held: (() => void) | undefined
  #lastDueMs = 0

  apply(fault: ProxyFault): void {
    this.#fault = fault
    if (fault.kind === 'hang') return
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#fault.kind === 'hang') {
      this.#held = () => done(null, chunk)
      return
    }
    const waitMs = this.#waitMs()
    if (waitMs === 0) {
      done(null, chunk)
      return
    }
    setTimeout(() => this.push(chunk), waitMs)
    done()
  }

  /** The end comes after what was delayed. */
  override _flush(done: TransformCallback): void {
    setTimeout(() => done(), this.#waitMs())
  }

  /** None overtakes another when the delay becomes shorter. */
  #waitMs(): number {
    const nowMs = performance.now()
    const delayMs = this.#fault.kind === 'delay' ? this.#fault.delayMs : 0
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + delayMs)
    return this.#lastDueMs > nowMs ? Math.ceil(this.#lastDueMs - nowMs) : 0
  }
}
