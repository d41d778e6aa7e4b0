import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { CLIENT, createCniNode, must, NODE_IPV4, NODE_IPV6, PREFIXES } from './cni-node.ts'
import { ask, startServer } from './cni-traffic.ts'
import { run } from './own-namespaces.ts'

const node = await createCniNode()
const CLIENT_IPV4 = '192.168.10.50'
const CLIENT_IPV6 = 'fd00:10::50'

interface Mapping {
  readonly hostPort: number
  readonly containerPort: number
  readonly protocol?: string
  readonly hostIP?: string
}

const ports = (...portMappings: readonly Mapping[]): { readonly runtimeConfig: object } => ({
  runtimeConfig: { portMappings },
})
const table = (): string => run('nft', 'list', 'table', 'inet', 'balise_hostport')

beforeEach(() => {
  node.clear()
  node.newPod('a', 'b')
})
afterEach(async () => {
  await node.del('a')
  await node.del('b')
  node.endPod('a', 'b')
  assert.deepEqual(node.leftOvers(), [])
})

test('A host port is reached from the LAN, the node, localhost, another pod and the pod itself', async () => {
  const [ipv4 = '', ipv6 = ''] = await node.add('a', ports({ hostPort: 8080, containerPort: 80 }))
  const [otherIpv4 = '', otherIpv6 = ''] = await node.add('b')
  await using _ = await startServer('a', 80)
  const octets = 1_000_000
  assert.deepEqual(
    await ask(CLIENT, NODE_IPV4, 8080, { octets }),
    { from: CLIENT_IPV4, octets },
    'the LAN keeps its address',
  )
  assert.deepEqual(await ask(CLIENT, NODE_IPV6, 8080, { octets }), { from: CLIENT_IPV6, octets })
  assert.deepEqual(await ask(undefined, NODE_IPV4, 8080, { octets }), { from: NODE_IPV4, octets })
  assert.deepEqual(await ask(undefined, NODE_IPV6, 8080, { octets }), { from: NODE_IPV6, octets })
  assert.deepEqual(
    await ask(undefined, '127.0.0.1', 8080, { octets }),
    { from: NODE_IPV4, octets },
    'localhost is masqueraded',
  )
  assert.deepEqual(await ask('b', NODE_IPV4, 8080, { octets }), { from: otherIpv4, octets })
  assert.deepEqual(await ask('b', NODE_IPV6, 8080, { octets }), { from: otherIpv6, octets })
  assert.deepEqual(
    await ask('a', NODE_IPV4, 8080, { octets }),
    { from: NODE_IPV4, octets },
    'the pod itself is masqueraded',
  )
  assert.deepEqual(await ask('a', NODE_IPV6, 8080, { octets }), { from: NODE_IPV6, octets })
  assert.deepEqual(await ask(undefined, '::1', 8080), 'failed: ECONNREFUSED', '::1 stays the node’s own')
  assert.deepEqual(await ask(CLIENT, ipv4, 80), { from: CLIENT_IPV4, octets: 1 }, 'the pod’s own port is as before')
  assert.deepEqual(await ask(CLIENT, ipv6, 8080), 'failed: ECONNREFUSED')
})

test('A host port of UDP is led to the pod and back', async () => {
  await node.add('a', ports({ hostPort: 5353, containerPort: 53, protocol: 'udp' }))
  await using _ = await startServer('a', 53)
  const udp = { protocol: 'udp', octets: 1000 } as const
  assert.deepEqual(await ask(CLIENT, NODE_IPV4, 5353, udp), { from: CLIENT_IPV4, octets: 1000 })
  assert.deepEqual(await ask(CLIENT, NODE_IPV6, 5353, udp), { from: CLIENT_IPV6, octets: 1000 })
  assert.deepEqual(await ask(undefined, '127.0.0.1', 5353, udp), { from: NODE_IPV4, octets: 1000 })
  assert.deepEqual(await ask('a', NODE_IPV4, 5353, udp), { from: NODE_IPV4, octets: 1000 })
  assert.equal(await ask(CLIENT, NODE_IPV4, 5353), 'failed: ECONNREFUSED', 'TCP is another port')
})

test('hostIP limits a host port to that address', async () => {
  const mappings = [
    { hostPort: 8080, containerPort: 80, hostIP: '127.0.0.1' },
    { hostPort: 8081, containerPort: 80, hostIP: NODE_IPV4 },
    { hostPort: 8082, containerPort: 80, hostIP: NODE_IPV6 },
    { hostPort: 8083, containerPort: 80, hostIP: '0.0.0.0' },
  ]
  await node.add('a', ports(...mappings))
  await using _ = await startServer('a', 80)
  const reaches = async (from: string | undefined, address: string, port: number): Promise<boolean> =>
    typeof (await ask(from, address, port)) !== 'string'
  assert.equal(await reaches(undefined, '127.0.0.1', 8080), true)
  assert.equal(await reaches(CLIENT, NODE_IPV4, 8080), false)
  assert.equal(await reaches(CLIENT, NODE_IPV4, 8081), true)
  assert.equal(await reaches(undefined, '127.0.0.1', 8081), false)
  assert.equal(await reaches(CLIENT, NODE_IPV6, 8081), false)
  assert.equal(await reaches(CLIENT, NODE_IPV6, 8082), true)
  assert.equal(await reaches(CLIENT, NODE_IPV4, 8082), false)
  assert.equal(await reaches(CLIENT, NODE_IPV4, 8083), true)
  assert.equal(await reaches(CLIENT, NODE_IPV6, 8083), false)
})

test('The table has the port of SCTP as well', async () => {
  await node.add('a', ports({ hostPort: 38412, containerPort: 38412, protocol: 'SCTP' }))
  assert.match(table(), /sctp \. 38412 comment "blc[0-9a-f]{11} balise default\/a" : 10\.244\.1\.2 \. 38412/)
})

test('A pod cannot reach the localhost of the node that has a host port there', async () => {
  const [ipv4 = ''] = await node.add('a', ports({ hostPort: 8080, containerPort: 80, hostIP: '127.0.0.1' }))
  const device = run('ip', 'route', 'get', ipv4).match(/dev (\S+)/)?.[1] ?? ''
  assert.equal(run('sysctl', '-n', `net.ipv4.conf.${device}.route_localnet`), '1\n')
  run('ip', '-n', 'a', 'address', 'delete', '127.0.0.1/8', 'dev', 'lo')
  run('ip', '-n', 'a', 'route', 'add', '127.0.0.0/8', 'via', '169.254.1.1', 'dev', 'eth0', 'src', ipv4)
  run('ip', 'netns', 'exec', 'a', 'sysctl', '-qw', 'net.ipv4.conf.eth0.route_localnet=1')
  assert.equal(await ask('a', '127.0.0.1', 9), 'failed: no answer')
  run('nft', 'flush', 'chain', 'inet', 'balise_hostport', 'guard')
  assert.equal(await ask('a', '127.0.0.1', 9), 'failed: ECONNREFUSED', 'without the guard the node would answer')
})

test('A host port that is taken names its holder, and the pod gets nothing', async () => {
  await node.add('a', ports({ hostPort: 8080, containerPort: 80 }))
  const before = node.leftOvers()
  const refusals: string[] = []
  for (const hostIP of [undefined, NODE_IPV4]) {
    const { code, error } = await node.call({
      verb: 'ADD',
      pod: 'b',
      config: ports({ hostPort: 8080, containerPort: 81, ...(hostIP === undefined ? {} : { hostIP }) }),
    })
    assert.deepEqual([code, error.code], [1, 104])
    refusals.push(error.msg.replace(/blc[0-9a-f]{11}/, 'blc…'))
  }
  assert.deepEqual(refusals, [
    'Host port tcp port 8080 of 0.0.0.0 is taken: pod default/a has tcp port 8080 of 0.0.0.0, at blc…',
    `Host port tcp port 8080 of ${NODE_IPV4} is taken: pod default/a has tcp port 8080 of 0.0.0.0, at blc…`,
  ])
  assert.deepEqual(node.leftOvers(), before)
  await node.add('b', ports({ hostPort: 8080, containerPort: 80, protocol: 'udp' }))
})

test('A host port for a family that the pod has not is refused with a remedy', async () => {
  const config = { podCidrs: [PREFIXES.ipv4], ...ports({ hostPort: 80, containerPort: 80, hostIP: NODE_IPV6 }) }
  const { error } = await node.call({ verb: 'ADD', pod: 'a', config })
  assert.deepEqual([error.code, /tcp port 80 of fd00:10::215.*no address of that family/.test(error.msg)], [7, true])
  assert.match(error.details, /hostIP/)
})

test('DEL takes away the ports of its pod alone, and the table with the last', async () => {
  await node.add('a', ports({ hostPort: 8080, containerPort: 80 }, { hostPort: 8443, containerPort: 443 }))
  await node.add('b', ports({ hostPort: 9090, containerPort: 90 }))
  await node.del('a')
  assert.doesNotMatch(table(), /8080|8443|10\.244\.1\.2 /)
  assert.match(table(), /tcp \. 9090/)
  await node.del('b')
  assert.equal(run('nft', 'list', 'tables'), '')
})

test('The holder of a host port that went away without DEL does not keep it', async () => {
  await node.add('a', ports({ hostPort: 8080, containerPort: 80 }))
  const [device = ''] = node.leftOvers().flatMap((left) => /^device (.*)/.exec(left)?.[1] ?? [])
  run('ip', 'link', 'delete', device)
  const [address = ''] = await node.add('b', ports({ hostPort: 8080, containerPort: 80 }))
  assert.match(table(), new RegExp(`tcp . 8080 comment "[^"]*default/b" : ${address.replaceAll('.', '\\.')}`))
  assert.doesNotMatch(table(), /default\/a/)
})

test('CHECK finds a host port that somebody took out', async () => {
  const mapping = ports({ hostPort: 8080, containerPort: 80 })
  const { result: prevResult } = must(await node.call({ verb: 'ADD', pod: 'a', config: mapping }))
  const check = { verb: 'CHECK', pod: 'a', config: { ...mapping, prevResult } } as const
  must(await node.call(check))
  run('nft', 'delete', 'element', 'inet', 'balise_hostport', 'ports_ipv4', '{ tcp . 8080 }')
  const { error } = await node.call(check)
  assert.deepEqual(
    [error.code, /tcp port 8080 of 0.0.0.0 does not lead to 10.244.1.2 port 80/.test(error.msg)],
    [103, true],
  )
  await node.del('a')
})

test('The rules are written anew with the next host port, whatever somebody did to them', async () => {
  await node.add('a', ports({ hostPort: 8080, containerPort: 80 }))
  const rules = (): string => table().replaceAll(/\telements = \{[^}]*\}\n/g, '')
  const before = rules()
  run('nft', 'flush', 'chain', 'inet', 'balise_hostport', 'to_pods')
  assert.notEqual(rules(), before)
  await node.add('b', ports({ hostPort: 8081, containerPort: 80 }))
  assert.equal(rules(), before)
})

test('A client of UDP that never pauses is led to the next pod with the port', async () => {
  const config = ports({ hostPort: 5353, containerPort: 53, protocol: 'udp' })
  const udp = { protocol: 'udp', ownPort: 4000 } as const
  const answers: (string | object)[] = []
  answers.push(await ask(CLIENT, NODE_IPV4, 5353, udp)) // nobody has the port: the flow is known without translation
  for (const pod of ['a', 'b']) {
    await node.add(pod, config)
    await using _ = await startServer(pod, 53)
    answers.push(await ask(CLIENT, NODE_IPV4, 5353, udp))
    await node.del(pod)
  }
  assert.deepEqual(answers.slice(1), [
    { from: CLIENT_IPV4, octets: 1 },
    { from: CLIENT_IPV4, octets: 1 },
  ])
})

test('In mode chained the result of the plugins before is handed on, and host ports are led to their pod', async () => {
  await node.add('a') // the other network, as far as the plugin can tell
  const device = node.leftOvers().flatMap((left) => /^device (.*)/.exec(left)?.[1] ?? [])[0] ?? ''
  run('ip', 'link', 'set', device, 'name', 'foreign0', 'down')
  run('ip', 'link', 'set', 'foreign0', 'up')
  run('ip', 'route', 'add', '10.244.1.2', 'dev', 'foreign0')
  run('ip', 'neighbour', 'replace', '10.244.1.2', 'dev', 'foreign0', 'lladdr', '3a:23:ed:ea:e1:2a')
  const prevResult = {
    cniVersion: '0.4.0',
    interfaces: [{ name: 'foreign0' }, { name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a' }],
    ips: [{ version: '4', interface: 1, address: '10.244.1.2/24', gateway: '10.244.1.1' }],
    routes: [{ dst: '0.0.0.0/0', gw: '10.244.1.1' }],
    dns: { nameservers: ['10.96.0.10'] },
  }
  const chained = {
    name: 'other',
    mode: 'chained',
    podCidrs: undefined,
    mtu: undefined,
    cniVersion: '0.4.0',
    stateDir: `${node.scratch}/chained`,
  }
  const config = { ...chained, prevResult, ...ports({ hostPort: 8080, containerPort: 80 }) }
  const { result } = must(await node.call({ verb: 'ADD', pod: 'a', containerId: 'other', config }))
  assert.deepEqual(result, prevResult)
  assert.equal(existsSync(`${node.scratch}/chained/addresses/10.244.1.2`), false)
  {
    await using _ = await startServer('a', 80)
    assert.deepEqual(await ask(CLIENT, NODE_IPV4, 8080), { from: CLIENT_IPV4, octets: 1 })
    assert.deepEqual(await ask(undefined, '127.0.0.1', 8080), { from: NODE_IPV4, octets: 1 })
  }
  must(await node.call({ verb: 'CHECK', pod: 'a', containerId: 'other', config }))
  const localnet = (): string => run('sysctl', '-n', 'net.ipv4.conf.foreign0.route_localnet').trim()
  const second = { ...config, ...ports({ hostPort: 8081, containerPort: 80 }) }
  must(await node.call({ verb: 'ADD', pod: 'a', containerId: 'second', config: second }))
  await node.del('a', chained, 'second')
  assert.equal(localnet(), '1', 'another pod behind the device has a port of localhost')
  const gc = {
    ...chained,
    cniVersion: '1.1.0',
    'cni.dev/valid-attachments': [{ containerID: 'other', ifname: 'eth0' }],
  }
  must(await node.call({ verb: 'GC', config: gc }))
  assert.match(table(), /tcp \. 8080/)
  must(await node.call({ verb: 'GC', config: { ...gc, 'cni.dev/valid-attachments': [] } }))
  assert.equal(run('nft', 'list', 'tables'), '')
  assert.equal(localnet(), '0', 'nothing guards the device any more')
  assert.ok(existsSync(`${node.stateDir}/addresses/10.244.1.2`), 'what is another network’s stays')
  run('ip', 'link', 'delete', 'foreign0')
  must(await node.call({ verb: 'DEL', pod: 'a', containerId: 'other', config: chained }))
})

test('In mode chained the plugin cannot be the first', async () => {
  const { error } = await node.call({
    verb: 'ADD',
    pod: 'a',
    config: { mode: 'chained', podCidrs: undefined, mtu: undefined },
  })
  assert.deepEqual([error.code, /has no prevResult, which ADD in mode chained needs/.test(error.msg)], [7, true])
})
