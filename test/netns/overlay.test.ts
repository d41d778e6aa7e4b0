import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { readContents } from '#test/packets/contents.ts'
import { announce, DNS, putService, WEB } from '#test/packets/scene.ts'
import type { Station } from '#test/packets/station.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import {
  address4,
  address6,
  connectSites,
  nodeMac,
  type OverlaySite,
  pod4,
  pod6,
  type Underlay,
  wireHost,
  wireRouter,
  wireSite,
} from './overlay-sites.ts'

const room = enterOwnNamespaces()
const VIP = '192.168.10.75'
const SENT = new Uint8Array(3_000_000)

/** `near` is on the client's subnet; `far` and the third are behind the router, on one subnet. */
let near: OverlaySite
let far: OverlaySite
let sites: readonly OverlaySite[]
let client: Station
let stranger: Station

before(async () => {
  const objects = buildBpf()
  wireRouter()
  sites = [
    await wireSite(room, objects, 1, 10),
    await wireSite(room, objects, 2, 20),
    await wireSite(room, objects, 3, 20),
  ]
  ;[near, far] = sites as [OverlaySite, OverlaySite]
  client = await wireHost(10, 50, '02:00:00:00:00:50')
  stranger = await wireHost(20, 66, '02:00:00:00:00:66')
})
after(async () => {
  for (const { maps } of sites) maps.close()
  await Promise.all([...sites.flatMap(({ node, pod }) => [node, pod]), client, stranger].map((one) => one.close()))
})

function download(from: Station, url: string, octets: number): void {
  assert.equal(from.run(`curl -sS -g -m 10 http://${url}/${octets}`).length, octets)
}

/** Who the server says has sent how much. */
function upload(from: Station, url: string): string {
  return from.run(`curl -sS -g -m 10 --data-binary @- http://${url}/`, SENT)
}

function dropsOf(...of: readonly OverlaySite[]): readonly Readonly<Record<string, number>>[] {
  return of.map(({ maps }) => readContents(maps).drops)
}

for (const underlay of ['IPv4', 'IPv6'] as const satisfies readonly Underlay[]) {
  describe(`the overlay with ${underlay} envelopes`, () => {
    beforeEach(() => connectSites(sites, underlay))
    const mtu = underlay === 'IPv4' ? 1450 : 1430

    for (const [family, address, host] of [
      ['IPv4', pod4, pod4],
      ['IPv6', pod6, (site: OverlaySite) => `[${pod6(site)}]`],
    ] as const) {
      test(`carries ${family} between pods of all nodes, megabytes both ways, with the pod's own address`, () => {
        for (const from of sites) {
          for (const to of sites.filter((site) => site !== from)) {
            download(from.pod, `${host(to)}:8080`, 2_000_000)
            assert.equal(upload(from.pod, `${host(to)}:8080`), `${address(from)} sent ${SENT.length}`)
          }
        }
        assert.deepEqual(dropsOf(...sites), [{}, {}, {}])
      })

      test(`carries ${family} packets of just the overlay's MTU that must not be cut up`, () => {
        const header = family === 'IPv4' ? 28 : 48
        const ping = `ping -c 2 -i 0.2 -W 2 -M do -s ${mtu - header} ${address(far)}`
        assert.match(near.pod.run(ping), / 0% packet loss/)
      })

      test(`tells a pod whose device takes more how much gets through, ${family}`, () => {
        connectSites(sites, underlay, 1500)
        const header = family === 'IPv4' ? 28 : 48
        const ping = `ping -c 2 -i 0.2 -W 0.2 -M do -s ${1500 - header} ${address(far)}`
        assert.match(outputOf(near.pod, ping), new RegExp(`(mtu = |mtu=|mtu: )${mtu}`))
        download(near.pod, `${host(far)}:8080`, 1_000_000)
        assert.equal(upload(near.pod, `${host(far)}:8080`), `${address(near)} sent ${SENT.length}`)
      })

      test(`carries ${family} of the node itself, with its own address in the prefix of its pods`, () => {
        const own = family === 'IPv4' ? '10.244.1.1' : 'fd00:10:244:1::1'
        assert.equal(upload(near.node, `${host(far)}:8080`), `${own} sent ${SENT.length}`)
      })
    }

    test('takes what a node sends with its own address on its LAN', () => {
      const before = received(far)
      outputOf(near.node, `ping -c 1 -W 0.2 -I ${address4(near)} ${pod4(far)}`)
      outputOf(near.node, `ping -c 1 -W 0.2 -I ${address6(near)} ${pod6(far)}`)
      assert.equal(received(far) - before, 2)
      assert.deepEqual(dropsOf(far), [{}])
    })

    test('drops and counts what goes to a prefix of which no node is known', () => {
      near.node.run('ip route replace 10.244.9.0/24 dev balise_vxlan')
      outputOf(near.pod, 'ping -c 2 -i 0.2 -W 0.2 10.244.9.7')
      assert.deepEqual(dropsOf(near), [{ DROP_NO_OVERLAY_PEER: 2 }])
    })

    test('drops what bears the address of a pod that is on another node than the sender', () => {
      near.pod.run('ip address add 10.244.3.9/32 dev eth0')
      outputOf(near.pod, `ping -c 1 -W 0.2 -I 10.244.3.9 ${pod4(far)}`)
      near.pod.run('ip address delete 10.244.3.9/32 dev eth0')
      near.pod.run('ip address add fd00:10:244:3::9/128 dev eth0 nodad')
      outputOf(near.pod, `ping -c 1 -W 0.2 -I fd00:10:244:3::9 ${pod6(far)}`)
      near.pod.run('ip address delete fd00:10:244:3::9/128 dev eth0')
      assert.deepEqual(dropsOf(far), [{ DROP_OVERLAY_SOURCE: 2 }])
    })

    for (const [who, networkId, reason] of [
      ['one who is no node', 2, 'DROP_OVERLAY_SOURCE'],
      ['another network', 3, 'DROP_OVERLAY_NETWORK'],
    ] as const) {
      test(`drops what ${who} sends`, () => {
        const remote = underlay === 'IPv4' ? address4(far) : address6(far)
        stranger.run(`ip link add vx0 type vxlan id ${networkId} remote ${remote} dstport 8472 dev eth0`)
        try {
          stranger.run('sysctl -qw net.ipv6.conf.vx0.disable_ipv6=1') // it would join multicast groups
          stranger.run('ip link set vx0 arp off up')
          stranger.run('ip address add 10.244.1.7/32 dev vx0')
          stranger.run(`ip route add ${pod4(far)} dev vx0 src 10.244.1.7`)
          outputOf(stranger, `ping -c 1 -W 0.2 ${pod4(far)}`)
        } finally {
          stranger.run('ip link delete vx0')
        }
        assert.deepEqual(dropsOf(far), [{ [reason]: 1 }])
      })
    }

    test('brings clients of a load balancer address to a backend behind the router, and its replies back', () => {
      announce(near.maps, VIP, near.lanIfindex, nodeMac(1))
      putService(near.maps, {
        ...WEB,
        frontend: `${VIP}:80`,
        backends: [{ id: 2, end: `${pod4(far)}:8080`, local: false }],
      })
      download(client, `${VIP}:80`, 5_000_000)
      assert.equal(upload(client, `${VIP}:80`), `10.244.1.1 sent ${SENT.length}`)
      const { counters, drops } = readContents(near.maps)
      assert.ok((counters['COUNTER_REPLIES_REMOTE'] ?? 0) > 0)
      assert.deepEqual(drops, {})
    })

    // With `on` at the client and `off` at the node the sum of the answer is filled in after our program has written it.
    for (const [ofClient, ofNode] of [
      ['on', 'on'],
      ['on', 'off'],
      ['off', 'off'],
    ] as const) {
      test(`tells a client that the way to the backend takes less than its LAN, offloads ${ofClient} and ${ofNode}`, () => {
        connectSites(sites, underlay, 1500) // so that the handshake does not tell it
        client.run(`ethtool -K eth0 tx ${ofClient}`)
        near.node.run(`ethtool -K eth0 tx ${ofNode}`)
        client.run('ip route flush cache')
        announce(near.maps, VIP, near.lanIfindex, nodeMac(1))
        putService(near.maps, {
          ...WEB,
          frontend: `${VIP}:80`,
          backends: [{ id: 2, end: `${pod4(far)}:8080`, local: false }],
        })
        assert.equal(upload(client, `${VIP}:80`), `10.244.1.1 sent ${SENT.length}`)
        assert.ok((readContents(near.maps).drops['DROP_TOO_BIG'] ?? 0) > 0)
        assert.match(client.run(`ip route get ${VIP}`), new RegExp(`mtu ${mtu}`))
        download(client, `${VIP}:80`, 5_000_000)
      })
    }
  })
}

test('the overlay gets through a router that takes less than the nodes, in pieces', () => {
  connectSites(sites, 'IPv4')
  run('ip', 'link', 'set', 'br20', 'mtu', '1400')
  try {
    download(near.pod, `${pod4(far)}:8080`, 2_000_000)
    assert.equal(upload(near.pod, `${pod4(far)}:8080`), `${pod4(near)} sent ${SENT.length}`)
    assert.match(near.pod.run(`ping -c 2 -i 0.2 -W 2 -M do -s 1422 ${pod4(far)}`), / 0% packet loss/)
  } finally {
    run('ip', 'link', 'set', 'br20', 'mtu', '1500')
  }
})

test('a datagram that may be cut up gets through the overlay to a backend though it is too big for it', () => {
  connectSites(sites, 'IPv4')
  announce(near.maps, VIP, near.lanIfindex, nodeMac(1))
  putService(near.maps, {
    ...DNS,
    frontend: `${VIP}:53`,
    backends: [{ id: 2, end: `${pod4(far)}:8080`, local: false }],
  })
  client.run('ip route flush cache')
  client.run('sysctl -qw net.ipv4.ip_no_pmtu_disc=1') // without DF
  try {
    const said = client.run([process.execPath, '-e', UDP_ONCE, VIP, '53', '1472'])
    assert.equal(said.trim(), '10.244.1.1 sent 1472')
    assert.deepEqual(dropsOf(near), [{}])
  } finally {
    client.run('sysctl -qw net.ipv4.ip_no_pmtu_disc=0')
  }
})

const UDP_ONCE = `
const [, address, port, length] = process.argv
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (message) => { console.log(String(message)); socket.close() })
socket.send(Buffer.alloc(Number(length)), Number(port), address)
setTimeout(() => process.exit(1), 5000).unref()
`

function received({ maps }: OverlaySite): number {
  return readContents(maps).counters['COUNTER_OVERLAY_RECEIVED'] ?? 0
}

/** Of a command that may fail: ping does when nothing comes back. */
function outputOf(station: Station, command: string): string {
  try {
    return station.run(command)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    return stdout + stderr
  }
}
