/** Servers in pods, and what their callers see of them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

/** Answers every connection, and every datagram, with who called and how many octets came. Arguments: the port. */
const SERVER = `
const port = Number(process.argv[1]);
const tell = (address, octets) => JSON.stringify({ from: address.replace('::ffff:', ''), octets });
require('net').createServer({ allowHalfOpen: true }, (socket) => {
  let octets = 0;
  socket.on('error', () => {}).on('data', (piece) => { octets += piece.length; }).on('end', () => socket.end(tell(socket.remoteAddress, octets)));
}).listen(port, '::', () => {
  const udp = require('dgram').createSocket('udp6');
  udp.on('message', (piece, peer) => udp.send(tell(peer.address, piece.length), peer.port, peer.address));
  udp.bind(port, () => console.log('ready'));
});`

/** Calls once. Arguments: tcp or udp, address, port, octets, own port of UDP or 0. */
const CALLER = `
const [kind, address, port, octets, own] = process.argv.slice(1);
const fail = (why) => { console.log('failed: ' + why); process.exit(0); };
setTimeout(() => fail('no answer'), 3000).unref();
if (kind === 'tcp') {
  let answer = '';
  const socket = require('net').connect(Number(port), address);
  socket.on('error', (error) => fail(error.code)).on('data', (piece) => { answer += piece; }).on('end', () => { console.log(answer); process.exit(0); });
  socket.end(Buffer.alloc(Number(octets)));
} else {
  const udp = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  udp.on('error', (error) => fail(error.code)).on('message', (piece) => { console.log(String(piece)); process.exit(0); });
  udp.bind(Number(own), () => udp.send(Buffer.alloc(Number(octets)), Number(port), address));
  setTimeout(() => {}, 4000);
}`

export interface Answer {
  readonly from: string
  readonly octets: number
}

/** Starts a server for TCP and UDP in a pod; it listens on both families. */
export async function startServer(pod: string, port: number): Promise<AsyncDisposable> {
  const child = spawn('ip', ['netns', 'exec', pod, process.execPath, '-e', SERVER, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`The server in ${pod} ended with ${code}`)))
  })
  return { [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

export interface Question {
  readonly protocol?: 'tcp' | 'udp'
  readonly octets?: number
  readonly ownPort?: number
}

/** Calls a server from a namespace, or from the node where none is named. What it says of a failure begins with `failed`. */
export async function ask(
  from: string | undefined,
  address: string,
  port: number,
  { protocol = 'tcp', octets = 1, ownPort = 0 }: Question = {},
): Promise<Answer | string> {
  const where = from === undefined ? [] : ['ip', 'netns', 'exec', from]
  const what = [process.execPath, '-e', CALLER, protocol, address, String(port), String(octets), String(ownPort)]
  const [program = '', ...args] = [...where, ...what]
  const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000 })
  return stdout.startsWith('{') ? (JSON.parse(stdout) as Answer) : stdout.trim()
}
