import { type ChildProcess, execFile, execFileSync, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** A process in a network namespace of its own: a host on the wire. It ends when this one does. */
export interface Station {
  readonly pid: number
  /** Runs a command there to its end; its output. Throws when it fails. */
  run(command: string | readonly string[], input?: Uint8Array): string
  /** Starts a command there; its output when it has ended. Rejects when it fails. */
  start(command: string): Promise<string>
  close(): Promise<void>
}

/** `script` is run by Node in the namespace, and must end when its standard input does. `shared`: the namespace of this process. */
export async function openStation(
  script = 'process.stdin.resume()',
  network: 'own' | 'shared' = 'own',
): Promise<Station> {
  const args = ['-e', `${script}; console.log('ready')`]
  const stdio: StdioOptions = ['pipe', 'pipe', 'inherit']
  const child: ChildProcess =
    network === 'own'
      ? spawn('unshare', ['--net', process.execPath, ...args], { stdio })
      : spawn(process.execPath, args, { stdio })
  if (child.stdout === null || child.pid === undefined) throw new Error('The process of a station did not start')
  await once(child.stdout, 'data')
  const { pid } = child // unshare(1) becomes the command
  const station: Station = {
    pid,
    run: (command, input) =>
      execFileSync('nsenter', ['--target', String(pid), '--net', ...argv(command)], {
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
        timeout: 20_000,
        ...(input === undefined ? {} : { input }),
      }),
    async start(command) {
      const args = ['--target', String(pid), '--net', ...argv(command)]
      return (await promisify(execFile)('nsenter', args, { maxBuffer: 1 << 28, timeout: 30_000 })).stdout
    },
    async close() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
  station.run('ip link set lo up')
  return station
}

function argv(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? command.split(' ') : command
}

/** Answers HTTP with as many octets as the path says, or with how many it was sent; UDP with the sender as it sees it, in as many octets. */
export const ECHO_SERVER = `
process.stdin.resume()
process.stdin.on('end', () => process.exit())
const http = require('node:http')
http.createServer((request, response) => {
  let received = 0
  request.on('data', (piece) => { received += piece.length })
  request.on('end', () => response.end(request.method === 'GET' ? Buffer.alloc(Number(request.url.slice(1)), 'x') : request.socket.remoteAddress.replace('::ffff:', '') + ' sent ' + received))
}).listen(8080, '0.0.0.0')
const udp = require('node:dgram').createSocket('udp4')
udp.on('message', (message, from) => udp.send((from.address + ' sent ' + message.length).padEnd(message.length), from.port, from.address))
udp.bind(8080)
`

/** Sends a datagram from a connected socket, prints what comes of it. */
export const CONNECTED_UDP_CLIENT = `
const [, address, port] = process.argv
const socket = require('node:dgram').createSocket('udp4')
socket.on('error', (error) => { console.log(error.code); socket.close() })
socket.connect(Number(port), address, () => socket.send('?'))
setTimeout(() => process.exit(1), 5000).unref()
`

/** Sends a datagram of so many octets to an end, prints what comes back. */
export const UDP_CLIENT = `
const [, address, port, length] = process.argv
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (message, from) => { console.log(from.address + ':' + from.port + ' says: ' + String(message).trimEnd()); socket.close() })
socket.send(Buffer.alloc(Number(length)), Number(port), address)
setTimeout(() => process.exit(1), 5000).unref()
`
