import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { CLIENT, createCniNode, must, NODE_IPV4, NODE_IPV6, PREFIXES } from './cni-node.ts'
import { ask, startServer } from './cni-traffic.ts'
import { run } from './own-namespaces.ts'

const node = await createCniNode()
const TESTDATA = join(import.meta.dirname, 'testdata/cni')
/** More than any MTU, and more than one window. */
const LARGE = 4_000_000

beforeEach(() => node.clear())

const FAMILIES = {
  IPv4: { podCidrs: [PREFIXES.ipv4] },
  IPv6: { podCidrs: [PREFIXES.ipv6] },
  'IPv4 and IPv6': { podCidrs: [PREFIXES.ipv4, PREFIXES.ipv6] },
} as const

for (const [name, config] of Object.entries(FAMILIES)) {
  test(`ADD connects pods of ${name} with each other, with the node and with the LAN`, async () => {
    node.newPod('a', 'b')
    const ofA = await node.add('a', config)
    const ofB = await node.add('b', config)
    {
      await using _a = await startServer('a', 80)
      await using _b = await startServer('b', 80)
      for (const [index, address] of ofB.entries()) {
        const from = ofA[index]
        assert.deepEqual(await ask('a', address, 80, { octets: LARGE }), { from, octets: LARGE })
        assert.deepEqual(await ask('a', address, 80, { protocol: 'udp', octets: 8000 }), { from, octets: 8000 })
        const [ofNode, ofClient] = address.includes(':') ? [NODE_IPV6, 'fd00:10::50'] : [NODE_IPV4, '192.168.10.50']
        assert.deepEqual(await ask(undefined, address, 80, { octets: LARGE }), { from: ofNode, octets: LARGE })
        assert.deepEqual(await ask(CLIENT, address, 80, { octets: LARGE }), { from: ofClient, octets: LARGE })
      }
      {
        await using _node = await startServer(CLIENT, 81)
        for (const address of ofA) {
          const target = address.includes(':') ? 'fd00:10::50' : '192.168.10.50'
          assert.deepEqual(await ask('a', target, 81, { octets: LARGE }), { from: address, octets: LARGE })
        }
      }
    }
    assert.deepEqual(await ask('a', '127.0.0.1', 9), 'failed: ECONNREFUSED', 'lo of the pod is up')
    await node.del('a', config)
    await node.del('b', config)
    assert.deepEqual(node.leftOvers(), [])
    node.endPod('a', 'b')
  })

  test(`ADD tells its result for ${name} in the version that was asked for`, async (t) => {
    node.newPod('a')
    for (const cniVersion of ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
      node.clear()
      const { result } = must(await node.call({ verb: 'ADD', pod: 'a', config: { ...config, cniVersion } }))
      const path = join(TESTDATA, `${name.replaceAll(' ', '-')}-${cniVersion}.json`)
      t.assert.fileSnapshot(result, path)
      await node.del('a', { ...config, cniVersion })
    }
    node.endPod('a')
  })
}

test('ADD sets MTU, neighbours and settings of both ends, and no ARP is asked', async () => {
  node.newPod('a')
  await node.add('a', { mtu: 1410 })
  const [device = ''] = node.leftOvers().flatMap((left) => /^device (.*)/.exec(left)?.[1] ?? [])
  const facts = (...ns: readonly string[]): unknown => {
    const [link] = JSON.parse(run('ip', ...ns, '-json', 'link', 'show', ns.length === 0 ? device : 'eth0')) as [
      { mtu: number },
    ]
    const neighbours = JSON.parse(run('ip', ...ns, '-json', 'neighbour')) as {
      dst: string
      state: string[]
      dev: string
    }[]
    const own = neighbours.filter(({ dev }) => dev === (ns.length === 0 ? device : 'eth0'))
    return { mtu: link.mtu, neighbours: own.map(({ dst, state }) => `${dst} ${state.join()}`).toSorted() }
  }
  assert.deepEqual(facts(), { mtu: 1410, neighbours: ['10.244.1.2 PERMANENT', 'fd00:10:244:1::2 PERMANENT'] })
  assert.deepEqual(facts('-n', 'a'), { mtu: 1410, neighbours: ['169.254.1.1 PERMANENT', 'fe80::1 PERMANENT'] })
  const settings = (...keys: readonly string[]): string =>
    run('sysctl', '-n', ...keys)
      .trim()
      .replaceAll('\n', ' ')
  const of = (family: string, key: string): string => `net.${family}.conf.${device}.${key}`
  const ipv4 = ['rp_filter', 'send_redirects', 'forwarding', 'route_localnet'].map((key) => of('ipv4', key))
  assert.equal(settings(...ipv4, of('ipv6', 'accept_ra'), of('ipv6', 'forwarding')), '0 0 1 0 0 1')
  const inPod = run(
    'ip',
    'netns',
    'exec',
    'a',
    'sysctl',
    '-n',
    'net.ipv6.conf.eth0.accept_ra',
    'net.ipv6.conf.eth0.disable_ipv6',
  )
  assert.equal(inPod, '0\n0\n')
  await node.del('a')
  node.endPod('a')
})

test('ADD gives a pod without an IPv6 address no IPv6 on its device', async () => {
  node.newPod('a')
  await node.add('a', FAMILIES.IPv4)
  assert.equal(run('ip', '-n', 'a', '-6', 'address', 'show', 'dev', 'eth0'), '')
  await node.del('a')
  node.endPod('a')
})

test('ADD turns IPv6 on where the runtime made the namespace without', async () => {
  node.newPod('a')
  run(
    'ip',
    'netns',
    'exec',
    'a',
    'sysctl',
    '-qw',
    'net.ipv6.conf.all.disable_ipv6=1',
    'net.ipv6.conf.default.disable_ipv6=1',
  )
  const [address = ''] = await node.add('a', FAMILIES.IPv6)
  {
    await using _ = await startServer('a', 80)
    assert.deepEqual(await ask(undefined, address, 80), { from: NODE_IPV6, octets: 1 })
    assert.deepEqual(await ask('a', '::1', 80), { from: '::1', octets: 1 })
  }
  await node.del('a')
  node.endPod('a')
})

test('ADD and STATUS say that IPv6 is off on the node', async () => {
  node.newPod('a')
  run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
  const { code, error } = await node.call({ verb: 'ADD', pod: 'a' })
  const status = await node.call({ verb: 'STATUS' })
  run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0')
  run('ip', 'address', 'add', `${NODE_IPV6}/64`, 'dev', 'enp0s1', 'nodad')
  const says = /IPv6 is off on the node, and .*fd00:10:244:1::\/64.*: net.ipv6.conf.all.disable_ipv6 is 1/
  assert.deepEqual([code, error.code, status.error.code], [1, 102, 50])
  assert.match(error.msg, says)
  assert.match(status.error.msg, says)
  assert.match(error.details, /Turn IPv6 on/)
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('ADD of a pod that is connected is an error, and leaves it as it is', async () => {
  node.newPod('a')
  const [address = ''] = await node.add('a')
  const before = node.leftOvers()
  const { code, error } = await node.call({ verb: 'ADD', pod: 'a' })
  assert.deepEqual([code, error.code], [1, 101])
  assert.equal(error.msg, 'Pod default/a has an interface eth0 already, in /run/netns/a')
  assert.deepEqual(node.leftOvers(), before)
  {
    await using _ = await startServer('a', 80)
    assert.deepEqual(await ask(undefined, address, 80), { from: NODE_IPV4, octets: 1 })
  }
  await node.del('a')
  node.endPod('a')
})

test('ADD refuses an interface of somebody else, and gives its address back', async () => {
  node.newPod('a')
  run('ip', 'link', 'add', 'foreign', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'a')
  const { error } = await node.call({ verb: 'ADD', pod: 'a' })
  assert.equal(error.code, 101)
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('ADD refuses what is no namespace, and the own one of the node', async () => {
  const gone = await node.call({ verb: 'ADD', pod: 'a', netns: '/run/netns/gone' })
  assert.deepEqual([gone.error.code, /gone cannot be opened/.test(gone.error.msg)], [8, true])
  const file = await node.call({ verb: 'ADD', pod: 'a', netns: '/etc/hostname' })
  assert.deepEqual([file.error.code, /is no network namespace/.test(file.error.msg)], [8, true])
  const own = await node.call({ verb: 'ADD', pod: 'a', netns: '/proc/self/ns/net' })
  assert.deepEqual([own.error.code, /own network namespace/.test(own.error.msg)], [8, true])
  assert.deepEqual(node.leftOvers(), [])
})

test('ADD takes the own namespace of the node with CNI_NETNS_OVERRIDE', async () => {
  const env = { CNI_NETNS_OVERRIDE: '1' }
  must(await node.call({ verb: 'ADD', pod: 'a', netns: '/proc/self/ns/net', env, config: FAMILIES.IPv4 }))
  assert.match(run('ip', 'address', 'show', 'dev', 'eth0'), /10\.244\.1\.2\/32/)
  must(await node.call({ verb: 'DEL', pod: 'a', netns: '/proc/self/ns/net', env }))
  assert.deepEqual(node.leftOvers(), [])
})

test('DEL goes well twice, without a namespace, and for what never was', async () => {
  node.newPod('a')
  await node.add('a')
  node.endPod('a')
  await node.del('a')
  await node.del('a')
  await node.del('nobody')
  must(await node.call({ verb: 'DEL', pod: 'nobody', netns: '' }))
  assert.deepEqual(node.leftOvers(), [])
})

test('DEL goes well with a configuration that ADD would refuse', async () => {
  node.newPod('a')
  await node.add('a')
  await node.del('a', { podCidrs: ['10.0.0.0/99'], mtu: 'x', mode: undefined })
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('DEL removes the device also where the state was lost', async () => {
  node.newPod('a')
  await node.add('a')
  node.clear()
  await node.del('a')
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('CHECK finds whatever is not as ADD left it', async () => {
  node.newPod('a')
  const { result: prevResult } = must(await node.call({ verb: 'ADD', pod: 'a' }))
  const check = async (): Promise<string> => {
    const { code, error } = await node.call({ verb: 'CHECK', pod: 'a', config: { prevResult } })
    return code === 0 ? 'good' : `${error.code} ${error.msg}`
  }
  const device = prevResult.interfaces?.[0]?.name ?? ''
  const inPod = (...args: readonly string[]): void => void run('ip', '-n', 'a', ...args)
  const gateway = /lladdr (\S+)/.exec(run('ip', '-n', 'a', 'neighbour', 'show', '169.254.1.1'))?.[1] ?? ''
  assert.equal(await check(), 'good')
  inPod('route', 'delete', 'default')
  assert.match(await check(), /^103 .*eth0 of the pod has no route to 0\.0\.0\.0\/0/)
  inPod('route', 'add', 'default', 'via', '169.254.1.1')
  inPod('-6', 'route', 'delete', 'fe80::1')
  assert.match(await check(), /has no route to fe80::1\/128/)
  inPod('-6', 'route', 'add', 'fe80::1', 'dev', 'eth0')
  inPod('neighbour', 'delete', '169.254.1.1', 'dev', 'eth0')
  assert.match(await check(), /eth0 of the pod has no permanent neighbour 169\.254\.1\.1/)
  inPod('neighbour', 'add', '169.254.1.1', 'lladdr', gateway, 'dev', 'eth0')
  run('ip', 'route', 'delete', '10.244.1.2')
  assert.match(await check(), new RegExp(`${device} of the node has no route to 10\\.244\\.1\\.2/32`))
  run('ip', 'route', 'add', '10.244.1.2', 'dev', device)
  assert.equal(await check(), 'good')
  inPod('address', 'delete', 'fd00:10:244:1::2/128', 'dev', 'eth0')
  assert.match(await check(), /has not the address fd00:10:244:1::2/)
  inPod('address', 'add', 'fd00:10:244:1::2/128', 'dev', 'eth0', 'nodad')
  run('rm', join(node.stateDir, 'addresses', '10.244.1.2'))
  assert.match(await check(), /address 10\.244\.1\.2 is not given to it/)
  run('ip', 'link', 'delete', device)
  assert.match(await check(), new RegExp(`the node has no device ${device}.*the pod has no device eth0`))
  await node.del('a')
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('CHECK wants prevResult', async () => {
  node.newPod('a')
  const { error } = await node.call({ verb: 'CHECK', pod: 'a' })
  assert.deepEqual([error.code, /no prevResult/.test(error.msg)], [7, true])
  node.endPod('a')
})

test('STATUS is good where ADD can be done, also with no address left', async () => {
  node.newPod('a')
  const config = { podCidrs: ['10.244.1.0/30'] }
  must(await node.call({ verb: 'STATUS', config }))
  await node.add('a', config)
  must(await node.call({ verb: 'STATUS', config }))
  await node.del('a', config)
  node.endPod('a')
})

test('STATUS says 50 where the state cannot be written', async () => {
  const { error } = await node.call({ verb: 'STATUS', config: { stateDir: '/proc/balise' } })
  assert.deepEqual([error.code, /\/proc\/balise/.test(error.msg), error.details !== ''], [50, true, true])
})

test('VERSION tells the versions of the specification', async () => {
  const { result } = must(await node.call({ verb: 'VERSION' }))
  assert.deepEqual(result['supportedVersions'], ['0.3.1', '0.4.0', '1.0.0', '1.1.0'])
})

test('Bad calls have the codes of the specification', async () => {
  node.newPod('a')
  const code = async (
    call: Omit<Parameters<typeof node.call>[0], 'verb' | 'pod'>,
    verb: 'ADD' | 'GC' = 'ADD',
  ): Promise<number> => (await node.call({ verb, pod: 'a', ...call })).error.code
  assert.equal(await code({ config: { cniVersion: '0.2.0' } }), 1)
  assert.equal(await code({ config: { ipam: { type: 'host-local' } } }), 2)
  assert.equal(await code({ env: { CNI_CONTAINERID: '' } }), 4)
  assert.equal(await code({ env: { CNI_IFNAME: 'much-too-long-a-name' } }), 4)
  assert.equal(await code({ env: { CNI_ARGS: 'x' } }), 4)
  assert.equal(await code({ config: { stateDir: '/proc/balise' } }), 5)
  assert.equal(await code({ stdin: '{' }), 6)
  assert.equal(await code({ config: { podCidrs: ['10.0.0.1/24'] } }), 7)
  assert.equal(await code({}, 'GC'), 7)
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

test('last-failure.json tells what failed, until an ADD goes well', async () => {
  node.newPod('a')
  await node.call({ verb: 'ADD', pod: 'a', config: { mtu: 1 } })
  const { atMs, message, ...facts } = JSON.parse(node.readState('last-failure.json')) as Record<string, unknown>
  assert.deepEqual(facts, { code: 7, podNamespace: 'default', podName: 'a', command: 'ADD' })
  assert.match(String(message), /mtu 1: must be from 1280/)
  assert.ok(Math.abs(Number(atMs) - Date.now()) < 60_000)
  await node.del('a')
  assert.ok(node.readState('last-failure.json'), 'DEL says nothing about it')
  await node.add('a')
  assert.throws(() => node.readState('last-failure.json'), /ENOENT/)
  await node.del('a')
  node.endPod('a')
})

test('The same program, called loopback, brings up lo alone', async () => {
  const plugin = join(node.scratch, 'loopback')
  symlinkSync(node.plugin, plugin)
  node.newPod('a')
  const config = { type: 'loopback', mode: undefined, podCidrs: undefined, mtu: undefined, stateDir: undefined }
  const call = { pod: 'a', plugin, config, env: { CNI_IFNAME: 'lo' } }
  assert.equal((await node.call({ ...call, verb: 'CHECK' })).error.code, 103)
  const { result } = must(await node.call({ ...call, verb: 'ADD' }))
  assert.deepEqual(
    result.ips?.map(({ address }) => address),
    ['127.0.0.1/8', '::1/128'],
  )
  must(await node.call({ ...call, verb: 'CHECK' }))
  must(await node.call({ ...call, verb: 'STATUS' }))
  must(await node.call({ ...call, verb: 'DEL' }))
  assert.match(run('ip', '-n', 'a', 'link'), /lo: <LOOPBACK,UP/)
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
  must(await node.call({ ...call, verb: 'DEL' }))
})
