import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { readNetnsCookie } from '#io/net/netns-cookie.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import { decodeSock4Reverse, decodeSock4ReverseKey } from '#wire/bpf/sock4-reverse.ts'
import { formatIp } from '#model/ip.ts'
import { enterOwnCgroup, type OwnCgroup } from './cgroup.ts'
import { must, readContents } from './contents.ts'
import { enterNamespaces, PIN_FOLDER } from './namespaces.ts'
import { clearMaps, putService, type ServiceScene } from './scene.ts'

/** Programs of sockets have no BPF_PROG_TEST_RUN, so these tests talk through real sockets in a cgroup of their own. */
const folder = buildBpf()
enterNamespaces()
const programs = openBpfPrograms({
  objectsFolder: folder,
  pinFolder: PIN_FOLDER,
  mechanism: 'auto',
  layoutChange: 'refuse',
  constants: { host_netns_cookie: readNetnsCookie() ?? 0n },
})
const maps = openPinnedMaps({ folder: PIN_FOLDER, mode: 'readwrite' })
const servers: Server[] = []
const sockets: UdpSocket[] = []
let cgroup: OwnCgroup

before(() => {
  const entered = enterOwnCgroup()
  if (entered === undefined) throw new Error('No cgroup2 is mounted here')
  cgroup = entered
  programs.attachCgroup(cgroup.path)
})
after(() => {
  programs.detachCgroup(cgroup.path)
  cgroup.leave()
  maps.close()
  programs.close()
})
beforeEach(() => clearMaps(maps))
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const socket of sockets.splice(0)) socket.close()
})

const CLUSTER_IP: ServiceScene = {
  frontend: '10.43.0.10:80',
  frontendId: 7,
  protocol: 'TCP',
  flags: LB_FLAGS.LB_CLUSTER_IP,
  backends: [],
}
const DNS_IP: ServiceScene = { ...CLUSTER_IP, frontend: '10.43.0.10:53', frontendId: 8, protocol: 'UDP' }

/** A TCP server that says `name`; its end. */
async function serveTcp(name: string): Promise<string> {
  const server = createServer((socket) => socket.end(name))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A UDP server that sends `name` back; its end. */
async function serveUdp(name: string): Promise<string> {
  const socket = await bindUdp()
  socket.on('message', (_message, from) => socket.send(name, from.port, from.address))
  return `127.0.0.1:${socket.address().port}`
}

async function bindUdp(): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.bind(0)
  await once(socket, 'listening')
  return socket
}

interface Talk {
  readonly said: string
  readonly peer: string
}

async function talkTcp(host: string, port: number): Promise<Talk> {
  const socket = connect(port, host)
  await once(socket, 'connect')
  const peer = `${socket.remoteAddress}:${socket.remotePort}`
  let said = ''
  socket.on('data', (chunk) => (said += chunk.toString()))
  await once(socket, 'close')
  return { said, peer }
}

async function talkUdp(socket: UdpSocket, host: string, port: number): Promise<Talk> {
  socket.send('?', port, host)
  const [message, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
  return { said: message.toString(), peer: `${from.address}:${from.port}` }
}

function remembered(): readonly string[] {
  return maps
    .map('sock4_reverse')
    .entries()
    .map(({ key, value }) => {
      const backend = must(decodeSock4ReverseKey(key))
      const frontend = must(decodeSock4Reverse(value))
      return `${formatIp(backend.address)}:${backend.port} is ${formatIp(frontend.address)}:${frontend.port}, frontend ${frontend.frontendId}`
    })
}

test('balise_connect4() leads TCP to a backend, and balise_getpeername4() shows the frontend', async () => {
  const end = await serveTcp('a')
  putService(maps, { ...CLUSTER_IP, backends: [{ id: 1, end, local: true }] })
  assert.deepEqual(await talkTcp('10.43.0.10', 80), { said: 'a', peer: '10.43.0.10:80' })
  assert.deepEqual(readContents(maps), { ct: [], drops: {}, l2: [], counters: { COUNTER_SOCK_TRANSLATED: 1 } })
  assert.deepEqual(remembered(), [`${end} is 10.43.0.10:80, frontend 7`])
})

test('balise_connect6() leads IPv4 through an IPv6 socket to a backend, and balise_getpeername6() shows the frontend', async () => {
  const end = await serveTcp('a')
  putService(maps, { ...CLUSTER_IP, backends: [{ id: 1, end, local: true }] })
  assert.deepEqual(await talkTcp('::ffff:10.43.0.10', 80), { said: 'a', peer: '::ffff:10.43.0.10:80' })
  assert.deepEqual(readContents(maps), { ct: [], drops: {}, l2: [], counters: { COUNTER_SOCK_TRANSLATED: 1 } })
  assert.deepEqual(remembered(), [`${end} is 10.43.0.10:80, frontend 7`])
})

test('balise_connect6() refuses a connection to a frontend without backends', async () => {
  putService(maps, CLUSTER_IP)
  await assert.rejects(talkTcp('::ffff:10.43.0.10', 80), { code: 'ECONNREFUSED' })
})

test('balise_connect6() leaves IPv6 alone', async () => {
  const server = createServer((socket) => socket.end('six'))
  servers.push(server)
  server.listen(0, '::1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  putService(maps, { ...CLUSTER_IP, frontend: `0.0.0.1:${port}` }) // the last 32 bits of ::1
  assert.equal((await talkTcp('::1', port)).said, 'six')
})

test('balise_recvmsg6() shows an IPv6 socket the frontend that it sent to over IPv4', async () => {
  const end = await serveUdp('a')
  putService(maps, { ...DNS_IP, backends: [{ id: 1, end, local: true }] })
  const socket = createSocket('udp6')
  sockets.push(socket)
  socket.bind(0)
  await once(socket, 'listening')
  assert.deepEqual(await talkUdp(socket, '::ffff:10.43.0.10', 53), { said: 'a', peer: '::ffff:10.43.0.10:53' })
})

test('balise_connect4() spreads connections over all backends', async () => {
  const ends = await Promise.all(['a', 'b'].map(serveTcp))
  putService(maps, { ...CLUSTER_IP, backends: ends.map((end, index) => ({ id: index + 1, end, local: true })) })
  const said = new Set<string>()
  for (let i = 0; i < 64; i++) said.add((await talkTcp('10.43.0.10', 80)).said)
  assert.deepEqual([...said].sort(), ['a', 'b'])
})

test('balise_connect4() leaves other addresses and ports alone', async () => {
  const end = await serveTcp('direct')
  putService(maps, { ...CLUSTER_IP, backends: [{ id: 1, end, local: true }] })
  assert.deepEqual(await talkTcp('127.0.0.1', Number(end.split(':')[1])), { said: 'direct', peer: end })
  assert.deepEqual(readContents(maps).counters, {})
})

test('balise_connect4() refuses a connection to a frontend without backends', async () => {
  putService(maps, CLUSTER_IP)
  await assert.rejects(talkTcp('10.43.0.10', 80), { code: 'ECONNREFUSED' })
  assert.deepEqual(readContents(maps).counters, { COUNTER_SOCK_NO_BACKEND: 1 })
})

test('balise_connect4() takes the internal scope of a frontend that has two', async () => {
  const [inside, outside] = await Promise.all([serveTcp('inside'), serveTcp('outside')])
  const flags = LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE | LB_FLAGS.LB_EXTERNAL_LOCAL | LB_FLAGS.LB_TWO_SCOPES
  const service = { ...CLUSTER_IP, frontend: '192.168.10.75:80', flags }
  putService(maps, { ...service, backends: [{ id: 1, end: outside, local: true }] })
  putService(maps, { ...service, scope: 'internal', backends: [{ id: 2, end: inside, local: true }] })
  assert.equal((await talkTcp('192.168.10.75', 80)).said, 'inside')
})

test('balise_sendmsg4() leads datagrams to a backend, and balise_recvmsg4() shows the frontend', async () => {
  const end = await serveUdp('a')
  putService(maps, { ...DNS_IP, backends: [{ id: 1, end, local: true }] })
  const socket = await bindUdp()
  assert.deepEqual(await talkUdp(socket, '10.43.0.10', 53), { said: 'a', peer: '10.43.0.10:53' })
  assert.deepEqual(readContents(maps), { ct: [], drops: {}, l2: [], counters: { COUNTER_SOCK_TRANSLATED: 1 } })
  assert.deepEqual(remembered(), [`${end} is 10.43.0.10:53, frontend 8`])
})

test('balise_sendmsg4() keeps a socket with one backend', async () => {
  const ends = await Promise.all(['a', 'b', 'c'].map(serveUdp))
  putService(maps, { ...DNS_IP, backends: ends.map((end, index) => ({ id: index + 1, end, local: true })) })
  const socket = await bindUdp()
  const said = new Set<string>()
  for (let i = 0; i < 20; i++) said.add((await talkUdp(socket, '10.43.0.10', 53)).said)
  assert.equal(said.size, 1)
})

test('balise_sendmsg4() remembers the frontend that a socket spoke to last, of those with one backend', async () => {
  const end = await serveUdp('a')
  putService(maps, { ...DNS_IP, backends: [{ id: 1, end, local: true }] })
  putService(maps, { ...DNS_IP, frontend: '10.43.0.11:53', frontendId: 9, backends: [{ id: 1, end, local: true }] })
  const socket = await bindUdp()
  for (const address of ['10.43.0.10', '10.43.0.11', '10.43.0.11', '10.43.0.10']) {
    assert.equal((await talkUdp(socket, address, 53)).peer, `${address}:53`)
  }
  assert.deepEqual(remembered(), [`${end} is 10.43.0.10:53, frontend 8`])
})

test('balise_sendmsg4() refuses a datagram to a frontend without backends', async () => {
  putService(maps, DNS_IP)
  const socket = await bindUdp()
  const failed = new Promise<NodeJS.ErrnoException | null>((resolve) => socket.send('?', 53, '10.43.0.10', resolve))
  assert.equal((await failed)?.code, 'ECONNREFUSED')
  assert.deepEqual(readContents(maps).counters, { COUNTER_SOCK_NO_BACKEND: 1 })
})

const NO_FRONTEND = (): void => {
  const map = maps.map('lb4_reverse_nat')
  map.deleteBatch(map.entries().map(({ key }) => key))
}

for (const [what, change] of [
  ['the frontend is gone', NO_FRONTEND],
  ['its id is that of another address', () => putService(maps, { ...DNS_IP, frontend: '10.43.0.11:53' })],
  ['its id is that of another port', () => putService(maps, { ...DNS_IP, frontend: '10.43.0.10:54' })],
] as const) {
  test(`balise_recvmsg4() shows the backend once ${what}, and forgets it`, async () => {
    const server = await bindUdp()
    const end = `127.0.0.1:${server.address().port}`
    putService(maps, { ...DNS_IP, backends: [{ id: 1, end, local: true }] })
    const socket = await bindUdp()
    socket.send('?', 53, '10.43.0.10')
    const [, from] = (await once(server, 'message')) as [Buffer, RemoteInfo]
    change()
    server.send('late', from.port, from.address)
    const [, shown] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
    assert.equal(`${shown.address}:${shown.port}`, end)
    assert.deepEqual(remembered(), [])
  })
}

test('balise_connect4() leads connected UDP to a backend', async () => {
  const end = await serveUdp('a')
  putService(maps, { ...DNS_IP, backends: [{ id: 1, end, local: true }] })
  const socket = await bindUdp()
  socket.connect(53, '10.43.0.10')
  await once(socket, 'connect')
  const { address, port } = socket.remoteAddress()
  assert.equal(`${address}:${port}`, '10.43.0.10:53')
  socket.send('?')
  const [message, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
  assert.deepEqual([message.toString(), `${from.address}:${from.port}`], ['a', '10.43.0.10:53'])
})

const NODE_PORT: ServiceScene = {
  frontend: '0.0.0.0:30080',
  frontendId: 9,
  protocol: 'TCP',
  flags: LB_FLAGS.LB_NODE_PORT,
  backends: [],
}

for (const [address, peer] of [
  ['127.0.0.1', '127.0.0.1'],
  ['127.1.2.3', '127.1.2.3'],
  ['0.0.0.0', '0.0.0.0'],
  ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
] as const) {
  test(`a node port is at the node's loopback address ${address}`, async () => {
    const end = await serveTcp('a')
    putService(maps, { ...NODE_PORT, backends: [{ id: 1, end, local: true }] })
    assert.deepEqual(await talkTcp(address, 30080), { said: 'a', peer: `${peer}:30080` })
  })
}

test('a node port of a loopback address takes the internal scope, and answers UDP by that address', async () => {
  const [inside, outside] = await Promise.all([serveUdp('inside'), serveUdp('outside')])
  const flags = LB_FLAGS.LB_NODE_PORT | LB_FLAGS.LB_EXTERNAL_LOCAL | LB_FLAGS.LB_TWO_SCOPES
  const service = { ...NODE_PORT, protocol: 'UDP', flags } as const
  putService(maps, { ...service, backends: [{ id: 1, end: outside, local: true }] })
  putService(maps, { ...service, scope: 'internal', backends: [{ id: 2, end: inside, local: true }] })
  const socket = await bindUdp()
  assert.deepEqual(await talkUdp(socket, '127.0.0.1', 30080), { said: 'inside', peer: '127.0.0.1:30080' })
})

test('a loopback address of another network namespace, as of a pod, is no node port', async () => {
  const end = await serveTcp('a')
  putService(maps, { ...NODE_PORT, backends: [{ id: 1, end, local: true }] })
  const connecting = `require('node:net').connect(30080, '127.0.0.1').on('error', ({ code }) => process.stdout.write(code))`
  const said = execFileSync('unshare', [
    '--net',
    'sh',
    '-c',
    'ip link set lo up; exec "$0" -e "$1"',
    process.execPath,
    connecting,
  ])
  assert.equal(said.toString(), 'ECONNREFUSED')
  assert.deepEqual(readContents(maps).counters, {})
})
