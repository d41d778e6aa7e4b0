import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { readContents } from './contents.ts'
import { enterNamespaces, LAN_MAC, PIN_FOLDER } from './namespaces.ts'
import { announce, type BackendScene, clearMaps, DNS, LOCAL_BACKEND, putService, REMOTE_BACKEND, WEB } from './scene.ts'
import { CONNECTED_UDP_CLIENT, ECHO_SERVER, openStation, type Station, UDP_CLIENT } from './station.ts'

/** The programs on a device, between kernels that fill in checksums late and send several segments in one. */
const folder = buildBpf()
const ifindex = enterNamespaces()
const maps = openPinnedMaps({ folder: PIN_FOLDER, mode: 'readwrite' })
/** Another one for each test: the last segments of a test's connections come when its maps are cleared already. */
let vip = ''
let lastOctet = 60
let client: Station
let node1: Station
let pod: Station
let far: Station
let host: Station
let programs: ReturnType<typeof openBpfPrograms>

function openPrograms(mechanism: 'auto' | 'clsact'): ReturnType<typeof openBpfPrograms> {
  return openBpfPrograms({ objectsFolder: folder, pinFolder: PIN_FOLDER, mechanism, layoutChange: 'refuse' })
}

function here(command: string): void {
  const [program = '', ...args] = command.split(' ')
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * A LAN with this node (lan0), a client that carries the bridge, and another node; a pod here (10.244.0.7) and one there (10.244.1.7), and
 * a server of this node itself. The client routes to one farther away (10.9.0.2), over a link that takes 1,000 octets, which that one
 * does not know.
 */
before(async () => {
  ;[client, node1, pod, far, host] = await Promise.all([
    openStation(),
    openStation(ECHO_SERVER),
    openStation(ECHO_SERVER),
    openStation(),
    openStation(ECHO_SERVER, 'shared'),
  ])
  here('ip neighbour flush dev lan0 nud permanent')
  here(`ip link set wire0 netns ${client.pid}`)
  client.run('ip link add lan type bridge')
  client.run('ip link set wire0 master lan')
  client.run(`ip link add wire1 type veth peer name eth0 netns ${node1.pid}`)
  client.run('ip link set wire1 master lan')
  for (const link of ['lan', 'wire0', 'wire1']) client.run(`ip link set ${link} up`)
  client.run('ip address add 192.168.10.50/24 dev lan')
  node1.run('ip address add 192.168.10.216/24 dev eth0')
  node1.run('ip address add 10.244.1.7/32 dev lo')
  node1.run('ip link set eth0 up')
  node1.run('ip route replace 192.168.10.0/24 dev eth0 src 10.244.1.7') // UDP answers from the pod's address, not the node's
  here(`ip link add pod0 type veth peer name eth0 netns ${pod.pid}`)
  here('ip address add 10.244.0.1/24 dev pod0')
  here('ip link set pod0 up')
  pod.run('ip address add 10.244.0.7/24 dev eth0')
  pod.run('ip link set eth0 up')
  pod.run('ip route add default via 10.244.0.1')
  client.run(`ip link add far type veth peer name eth0 netns ${far.pid}`)
  client.run('ip link set far mtu 1000 up')
  client.run('ip address add 10.9.0.1/24 dev far')
  client.run('sysctl -q -w net.ipv4.ip_forward=1')
  far.run('ip address add 10.9.0.2/24 dev eth0')
  far.run('ip link set eth0 up')
  far.run('ip route add default via 10.9.0.1')
  here('ip route add 10.9.0.0/24 via 192.168.10.50')
  programs = openPrograms('auto')
  programs.attachDevice({ name: 'lan0', ifindex })
})
after(async () => {
  maps.close()
  programs.close()
  await Promise.all([client, node1, pod, far, host].map((station) => station.close()))
})
beforeEach(() => {
  clearMaps(maps)
  vip = `192.168.10.${++lastOctet}`
  announce(maps, vip, ifindex)
})

const HOST_BACKEND: BackendScene = { id: 3, end: '192.168.10.215:8080', local: true }
const SENT = new Uint8Array(3_000_000)
const BACKENDS = [
  ['this node', LOCAL_BACKEND, '192.168.10.50'],
  ['another node', REMOTE_BACKEND, '192.168.10.215'],
  ['the host network of this node', HOST_BACKEND, '192.168.10.50'],
] as const

/** Who fills in checksums: with `on` the sum of a packet is still missing where our programs see it. */
const OFFLOADS = [
  ['on', 'on'],
  ['on', 'off'],
  ['off', 'on'],
  ['off', 'off'],
] as const

for (const [ofClient, ofNode] of OFFLOADS) {
  const offloads = `checksum offload ${ofClient} at the client, ${ofNode} at the node`
  const setOffloads = (): void => {
    client.run(`ethtool -K lan tx ${ofClient}`)
    here(`ethtool -K lan0 tx ${ofNode}`)
  }

  for (const [where, backend, source] of BACKENDS) {
    test(`TCP to a backend on ${where} carries megabytes both ways, ${offloads}`, () => {
      setOffloads()
      putService(maps, { ...WEB, frontend: `${vip}:80`, backends: [backend] })
      assert.equal(client.run(`curl -sS -m 10 http://${vip}/5000000`).length, 5_000_000)
      assert.equal(client.run(`curl -sS -m 10 --data-binary @- http://${vip}/`, SENT), `${source} sent 3000000`)
      assert.deepEqual(readContents(maps).drops, {})
    })

    test(`UDP to a backend on ${where} is answered by the frontend, ${offloads}`, () => {
      setOffloads()
      putService(maps, { ...DNS, frontend: `${vip}:53`, backends: [backend] })
      for (const length of [1, 1472, 5000]) {
        const said = client.run([process.execPath, '-e', UDP_CLIENT, vip, '53', String(length)])
        assert.equal(said.trim(), `${vip}:53 says: ${source} sent ${length}`)
      }
      assert.deepEqual(readContents(maps).drops, {})
    })
  }

  test(`a client is told at once that nobody has the port, ${offloads}`, () => {
    setOffloads()
    assert.throws(() => client.run(`curl -sS -m 3 http://${vip}:81/`), /Connection refused|Couldn't connect/)
    assert.equal(client.run([process.execPath, '-e', CONNECTED_UDP_CLIENT, vip, '54']).trim(), 'ECONNREFUSED')
    const { counters } = readContents(maps)
    assert.deepEqual([counters['COUNTER_RESETS_SENT'], counters['COUNTER_ICMP_ERRORS_SENT']], [1, 1])
  })
}

for (const [where, backend] of BACKENDS) {
  test(`a backend on ${where} learns that a link to the client takes less than it sends`, () => {
    putService(maps, { ...WEB, frontend: `${vip}:80`, backends: [backend] })
    assert.equal(far.run(`curl -sS -m 10 http://${vip}/1000000`).length, 1_000_000)
    const { counters, drops } = readContents(maps)
    assert.ok((counters['COUNTER_ICMP_TRANSLATED'] ?? 0) > 0)
    assert.deepEqual(drops, {})
  })
}

test('a client learns the MAC of the node from its ARP reply', () => {
  client.run('ip neighbour flush dev lan')
  putService(maps, { ...WEB, frontend: `${vip}:80` })
  client.run(`curl -sS -m 10 http://${vip}/1`)
  assert.match(client.run('ip neighbour show'), new RegExp(`${vip} dev lan lladdr ${LAN_MAC}`))
})

test('an announced address answers ping', () => {
  assert.match(client.run(`ping -c 2 -i 0.2 -W 2 -s 1000 ${vip}`), /2 received/)
  assert.deepEqual(readContents(maps).counters['COUNTER_ECHO_REPLIES'], 2)
})

test('a download goes on while the programs change from tcx to clsact, which older kernels have', async () => {
  putService(maps, { ...WEB, frontend: `${vip}:80`, backends: [REMOTE_BACKEND] })
  const download = client.start(`curl -sS -m 20 --limit-rate 20M http://${vip}/20000000`)
  await setTimeout(200)
  const older = openPrograms('clsact')
  older.attachDevice({ name: 'lan0', ifindex })
  assert.deepEqual([...new Set(older.attachments().map(({ mechanism }) => mechanism))], ['clsact'])
  assert.equal((await download).length, 20_000_000)
  for (const [, backend, source] of BACKENDS) {
    putService(maps, { ...WEB, frontend: `${vip}:80`, backends: [backend] })
    assert.equal(client.run(`curl -sS -m 10 --data-binary @- http://${vip}/`, SENT), `${source} sent 3000000`)
  }
  assert.match(client.run(`ping -c 1 -W 2 ${vip}`), /1 received/)
  older.close()
})
