import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { after, beforeEach, test } from 'node:test'
import { buildBpf } from '#tools/build-bpf.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import { readContents } from './contents.ts'
import { openKernel } from './kernel.ts'
import { CLIENT_MAC, enterNamespaces, LAN_MAC } from './namespaces.ts'
import { icmp, type Packet, tcp, udp } from './packet.ts'
import { encodeIpv4, encodePacket } from './packet-octets.ts'
import { announce, clearMaps, DNS, putAnswersGiven, putService, REMOTE_BACKEND, WEB } from './scene.ts'

const folder = buildBpf()
const ifindex = enterNamespaces()
const kernel = openKernel(folder, ifindex)
after(() => kernel.close())

const VIP = '192.168.10.75'
const ANNOUNCED = `${VIP} ${LAN_MAC}, 0 replies, no conflict`
beforeEach(() => {
  clearMaps(kernel.maps)
  announce(kernel.maps, VIP, ifindex)
})

function ingress(packet: Packet, gsoSizeOctets = 0): { readonly verdict: string; readonly packet: Packet } {
  return kernel.run('balise_ingress', packet, gsoSizeOctets)
}

/** Answers go back to where the packet came from. */
const BACK = { sourceMac: LAN_MAC, destinationMac: CLIENT_MAC, ttl: 64 }

function assertReset(packet: Packet, fields: Partial<Packet>, reason: string): void {
  const ends = { source: packet.destination, destination: packet.source }
  const ran = ingress(packet)
  assert.deepEqual(ran, { verdict: 'redirect', packet: { ...packet, ...BACK, ...ends, ...fields } })
  const { drops, counters, ct } = readContents(kernel.maps)
  assert.deepEqual({ drops, counters, ct }, { drops: { [reason]: 1 }, counters: { COUNTER_RESETS_SENT: 1 }, ct: [] })
}

/** `type` and `code` of an ICMP error that quotes `packet`. */
function assertIcmpError(packet: Packet, type: number, code: number): void {
  const ran = ingress(packet)
  const quote = encodeIpv4(packet).subarray(0, 28)
  assert.equal(ran.verdict, 'redirect')
  const { payload } = ran.packet
  assert.deepEqual({ ...ran.packet, payload: [] }, icmp({ ...BACK, source: VIP, destination: '192.168.10.50' }))
  assert.deepEqual([payload[0], payload[1], ...payload.slice(4)], [type, code, 0, 0, 0, 0, ...quote])
}

test('reject() resets a connection to a port that no frontend has', () => {
  assertReset(tcp('S'), { flags: 'RA', sequence: 0, acknowledgement: 1001 }, 'DROP_NO_SERVICE')
})

test('reject() resets a connection to a frontend without backends', () => {
  putService(kernel.maps, { ...WEB, backends: [] })
  assertReset(tcp('S'), { flags: 'RA', sequence: 0, acknowledgement: 1001 }, 'DROP_NO_BACKEND')
})

test('forward() does not answer for a Local policy without backends here: another node has them', () => {
  const flags = LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE | LB_FLAGS.LB_EXTERNAL_LOCAL
  putService(kernel.maps, { ...WEB, flags, backends: [] })
  const packet = tcp('S')
  assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_BACKEND: 1 })
})

test('reject() resets an established connection from where the client is', () => {
  assertReset(tcp('PA', { payload: [1, 2, 3] }), { flags: 'R', sequence: 5000, acknowledgement: 0 }, 'DROP_NO_SERVICE')
})

test('reject() acknowledges all that a segment without ACK holds', () => {
  const packet = tcp('F', { payload: [1, 2, 3] })
  assertReset(packet, { flags: 'RA', sequence: 0, acknowledgement: 1004 }, 'DROP_NO_SERVICE')
})

test('reject() keeps a wrong checksum wrong', () => {
  assert.equal(ingress(tcp('S', { checksum: 'wrong' })).packet.checksum, 'wrong')
})

/** TCP that gets no answer. */
const SILENT: readonly (readonly [string, Packet, number])[] = [
  ['a reset', tcp('R'), 0],
  ['several segments in one', tcp('A', { payload: Array<number>(3000).fill(1) }), 1448],
  ['a segment with IPv4 options', tcp('S', { options: [1, 1, 1, 0] }), 0],
  ['a fragment', tcp('S', { moreFragments: true }), 0],
  ['a segment to all stations', tcp('S', { destinationMac: 'ff:ff:ff:ff:ff:ff' }), 0],
  ['a segment from a multicast address', tcp('S', { source: '224.0.0.1:40000' }), 0],
  ['a segment from no address', tcp('S', { source: '0.0.0.0:40000' }), 0],
  ['a segment from a loopback address', tcp('S', { source: '127.0.0.1:40000' }), 0],
]

for (const [what, packet, gsoSizeOctets] of SILENT) {
  test(`reject() does not answer ${what}`, () => {
    assert.deepEqual(ingress(packet, gsoSizeOctets), { verdict: 'drop', packet })
    const expected = { ct: [], drops: { DROP_NO_SERVICE: 1 }, counters: {}, l2: [ANNOUNCED] }
    assert.deepEqual(readContents(kernel.maps), expected)
  })
}

for (const payload of [[], [1, 2, 3], Array<number>(1000).fill(1)]) {
  test(`reject() tells the sender of ${payload.length} octets of UDP that the port is unreachable`, () => {
    assertIcmpError(udp({ payload }), 3, 3)
    const expected = {
      ct: [],
      drops: { DROP_NO_SERVICE: 1 },
      counters: { COUNTER_ICMP_ERRORS_SENT: 1 },
      l2: [ANNOUNCED],
    }
    assert.deepEqual(readContents(kernel.maps), expected)
  })
}

test('reject() tells the sender of UDP that a frontend has no backends', () => {
  putService(kernel.maps, { ...DNS, backends: [] })
  assertIcmpError(udp(), 3, 3)
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_BACKEND: 1 })
})

test('reject() tells traceroute where the TTL of UDP ends', () => {
  putService(kernel.maps, { ...DNS, backends: [REMOTE_BACKEND] })
  assertIcmpError(udp({ ttl: 1 }), 11, 0)
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_TTL: 1 })
})

const SECOND_NS = 1_000_000_000n
const MILLISECOND_NS = 1_000_000n

/** What is answered, its kind, and what counts the answers. */
const LIMITED = [
  ['a refused connection', tcp('S'), 'ANSWER_RESET', 'ANSWER_ICMP_ERROR', 'COUNTER_RESETS_SENT'],
  ['a refused datagram', udp(), 'ANSWER_ICMP_ERROR', 'ANSWER_RESET', 'COUNTER_ICMP_ERRORS_SENT'],
] as const

for (const [what, packet, kind, other, counter] of LIMITED) {
  test(`reject() does not answer ${what} when the answers of a second are given, and counts it as such`, () => {
    putAnswersGiven(kernel.maps, kind, process.hrtime.bigint() + 60n * SECOND_NS)
    assert.deepEqual(ingress(packet), { verdict: 'drop', packet })
    const { drops, counters } = readContents(kernel.maps)
    assert.deepEqual({ drops, counters }, { drops: { DROP_ANSWER_LIMIT: 1 }, counters: {} })
  })

  test(`reject() answers ${what} however many answers of another kind are given`, () => {
    putAnswersGiven(kernel.maps, other, process.hrtime.bigint() + 60n * SECOND_NS)
    assert.equal(ingress(packet).verdict, 'redirect')
  })

  test(`reject() answers ${what} a thousand times a second, and what a bucket holds at once`, () => {
    const cpus = availableParallelism()
    const beganNs = process.hrtime.bigint()
    putAnswersGiven(kernel.maps, kind, beganNs + SECOND_NS - 5n * MILLISECOND_NS) // room for five
    for (let count = 0; count < 200 * cpus; count++) ingress(packet)
    const tookMs = Number((process.hrtime.bigint() - beganNs) / MILLISECOND_NS) + 1
    const { drops, counters } = readContents(kernel.maps)
    const sent = counters[counter] ?? 0
    assert.ok(sent >= 5 && sent <= cpus * (5 + tookMs), `${sent} in ${tookMs} ms`)
    assert.deepEqual(drops, { DROP_NO_SERVICE: sent, DROP_ANSWER_LIMIT: 200 * cpus - sent })
  })
}

test('the bucket for answers fills up to a second and not beyond', () => {
  const ran = Array.from({ length: 3000 * availableParallelism() }, () => ingress(tcp('S')).verdict)
  assert.ok(ran.slice(0, 1000).every((verdict) => verdict === 'redirect'))
  assert.ok(ran.includes('drop'))
})

test('answer_echo() and what is not worth an answer take none out of the bucket', () => {
  for (const kind of ['ANSWER_RESET', 'ANSWER_ICMP_ERROR'] as const)
    putAnswersGiven(kernel.maps, kind, process.hrtime.bigint() + 60n * SECOND_NS)
  assert.equal(ingress(icmp({ payload: [8, 0, 0, 0, 0x12, 0x34, 0, 1] })).verdict, 'redirect')
  assert.equal(ingress(tcp('R')).verdict, 'drop')
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_SERVICE: 1 })
})

test('refuse() answers an echo request to an announced address', () => {
  const request = icmp({ payload: [8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4] })
  const ran = ingress(request)
  assert.equal(ran.verdict, 'redirect')
  const sum = ran.packet.payload.slice(2, 4)
  const payload = [0, 0, ...sum, 0x12, 0x34, 0, 1, 1, 2, 3, 4]
  assert.deepEqual(ran.packet, { ...request, ...BACK, source: VIP, destination: '192.168.10.50', payload })
  const counters = { COUNTER_ECHO_REPLIES: 1 }
  assert.deepEqual(readContents(kernel.maps), { ct: [], drops: {}, counters, l2: [ANNOUNCED] })
})

test('refuse() drops other ICMP for an announced address', () => {
  for (const payload of [
    [8, 1, 0, 0, 0, 0, 0, 0],
    [13, 0, 0, 0, 0, 0, 0, 0],
    [8, 0, 0, 0],
  ]) {
    assert.equal(ingress(icmp({ payload })).verdict, 'drop', payload.join(' '))
  }
  assert.deepEqual(readContents(kernel.maps).drops, { DROP_NO_SERVICE: 3 })
})

/** Packets to an announced address that make no sense: bytes of the IPv4 packet, from 0, to change; and the length to cut to. */
const MALFORMED: readonly (readonly [string, Packet, Readonly<Record<number, number>>, number | undefined])[] = [
  ['another version', tcp('S'), { 0: 0x65 }, undefined],
  ['a header shorter than a header', tcp('S'), { 0: 0x44 }, undefined],
  ['a total length shorter than the header', tcp('S'), { 2: 0, 3: 19 }, undefined],
  ['a total length beyond the frame', tcp('S'), { 2: 0, 3: 200 }, undefined],
  ['options that are not there', tcp('S'), { 0: 0x4f }, undefined],
  ['a TCP header that is cut short', tcp('S'), { 3: 39 }, 39],
  ['a TCP header shorter than a header', tcp('S'), { 32: 0x40 }, undefined],
  ['TCP options beyond the segment', tcp('S'), { 32: 0x60 }, undefined],
  ['a UDP header that is cut short', udp({ payload: [] }), { 3: 27 }, 27],
  ['a UDP length shorter than its header', udp(), { 24: 0, 25: 7 }, undefined],
  ['a UDP length beyond the packet', udp(), { 24: 0, 25: 12 }, undefined],
]

for (const [what, packet, changes, length] of MALFORMED) {
  test(`refuse() drops a packet with ${what}`, () => {
    putService(kernel.maps, WEB)
    putService(kernel.maps, DNS)
    const octets = encodePacket(packet).slice(0, length === undefined ? undefined : 14 + length)
    for (const [offset, octet] of Object.entries(changes)) octets[14 + Number(offset)] = octet
    assert.equal(kernel.runOctets('balise_ingress', octets).verdict, 'drop')
    const expected = { ct: [], drops: { DROP_MALFORMED: 1 }, counters: {}, l2: [ANNOUNCED] }
    assert.deepEqual(readContents(kernel.maps), expected)
  })
}

for (const [what, address] of [
  ['the address that backends see', '192.168.10.215'],
  ['another address of its own', '192.168.10.214'],
] as const) {
  test(`refuse() takes nothing from the node itself, even where ${what} is announced`, () => {
    announce(kernel.maps, address, ifindex)
    const packets = [
      tcp('S', { destination: `${address}:22` }),
      udp({ destination: `${address}:123` }),
      icmp({ destination: address, payload: [8, 0, 0, 0, 0, 0, 0, 0] }),
    ]
    for (const packet of packets) assert.equal(ingress(packet).verdict, 'pass')
    const { drops, counters } = readContents(kernel.maps)
    assert.deepEqual([drops, counters], [{}, {}])
  })
}

test('balise_ingress() passes other protocols', () => {
  const frame = encodePacket(tcp('S'))
  frame.set([0x86, 0xdd], 12)
  assert.equal(kernel.runOctets('balise_ingress', frame).verdict, 'pass')
})
