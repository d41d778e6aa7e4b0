import assert from 'node:assert/strict'
import test, { afterEach, beforeEach } from 'node:test'
import type { PodNetworkStatus } from '#api/agent.ts'
import { formatRoute } from '#cni/plan.ts'
import { EVENTS, LEASES, NODES } from '#ports/kube-resources.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { type Cluster, createCluster, lanDevice, type ScenarioNode } from './agent-cluster.ts'

const CONF = '/etc/cni/net.d'
const CONFLIST = `${CONF}/05-balise.conflist`
const PLUGIN = '/image/balise-cni'
const FLANNEL = '{"cniVersion":"0.3.1","name":"cbr0","plugins":[{"type":"flannel"}]}'
/** Enough for a change to go round. */
const ROUND_MS = 200
const RESYNC_MS = 61_000

let cluster: Cluster

beforeEach(() => {
  cluster = createCluster()
})
afterEach(() => cluster.close())

interface NodeOptions {
  readonly number?: number
  readonly podCidrs?: readonly string[]
  readonly ready?: boolean
  readonly address?: string
}

function nodeObject(name: string, options: NodeOptions = {}): KubeObject {
  const { number = 1, ready = false, address = `192.168.10.${214 + number}` } = options
  const { podCidrs = [`10.244.${number}.0/24`] } = options
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: podCidrs.length === 0 ? {} : { podCIDRs: podCidrs },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}

interface StartOptions extends NodeOptions {
  readonly mode?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly prepare?: (node: ScenarioNode) => void
}

/** A node on which nothing of a CNI is yet; its agent has had time to look round. */
async function start(name: string, options: StartOptions = {}): Promise<ScenarioNode> {
  const node = cluster.start(name, {
    prepare(made) {
      cluster.api.put(nodeObject(name, options))
      made.files.put(PLUGIN, 'plugin')
      made.files.makeFolder(CONF)
      for (const setting of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'])
        made.files.put(`/proc/sys/${setting}`, '0\n')
      options.prepare?.(made)
    },
    environment: {
      BALISE_CNI_MODE: options.mode ?? 'auto',
      BALISE_CNI_PLUGIN: PLUGIN,
      ...options.environment,
    },
  })
  await cluster.clock.advance(1000)
  return node
}

function status(node: ScenarioNode): PodNetworkStatus {
  assert.ok(node.agent !== undefined)
  return node.agent.answers.status().podNetwork
}

function problems(node: ScenarioNode): readonly string[] {
  assert.ok(node.agent !== undefined)
  return node.agent.answers
    .status()
    .problems.filter(({ component }) => component === 'cni')
    .map(({ code }) => code)
}

function events(): readonly string[] {
  return cluster.api.objects(EVENTS).map(({ reason, involvedObject }) => {
    const of = involvedObject as { readonly kind: string; readonly name: string }
    return `${of.kind} ${of.name} ${String(reason)}`
  })
}

function routes(node: ScenarioNode): readonly string[] {
  return node.network.state().routes.map(formatRoute).toSorted()
}

function told(name: string): string | undefined {
  return cluster.api.objects(LEASES).find(({ metadata }) => metadata.name === `balise-node-${name}`)?.metadata
    .annotations?.['balise.io/network']
}

function plugins(node: ScenarioNode): readonly object[] {
  return (JSON.parse(node.files.readText(CONFLIST) ?? '') as { readonly plugins: readonly object[] }).plugins
}

test('a node of a cluster without a CNI gets its network, the configuration last', async () => {
  const node = await start('n1')
  assert.deepEqual([status(node).mode, status(node).confFile], ['full', '05-balise.conflist'])
  assert.equal(node.files.readText('/proc/sys/net/ipv4/ip_forward'), '1')
  assert.match(node.network.state().masquerade ?? '', /10\.244\.1\.0\/24/)
  assert.deepEqual(
    ['balise-cni', 'loopback'].map((name) => node.files.readText(`/opt/cni/bin/${name}`)),
    ['plugin', 'plugin'],
  )
  assert.equal(told('n1'), 'full')
  assert.deepEqual(problems(node), [])
  const written = [...node.files.files.keys()]
  assert.equal(written.at(-1), CONFLIST)
})

test('the next node joins, though the first is Ready by then, and each has a route to the other', async () => {
  const n1 = await start('n1')
  cluster.api.put(nodeObject('n1', { ready: true }))
  const n2 = await start('n2', { number: 2 })
  assert.equal(status(n2).mode, 'full')
  assert.deepEqual(routes(n1), ['10.244.2.0/24 via 192.168.10.216 dev eth0'])
  assert.deepEqual(routes(n2), ['10.244.1.0/24 via 192.168.10.215 dev eth0'])
  assert.match(n1.network.state().masquerade ?? '', /192\.168\.10\.216\/32/, 'n2 knows the way back to the pods of n1')
})

test('beside the configuration of another CNI nothing is touched', async () => {
  const node = await start('n1', { prepare: ({ files }) => files.put(`${CONF}/10-flannel.conflist`, FLANNEL) })
  assert.deepEqual([status(node).mode, status(node).why], ['none', '10-flannel.conflist configures another network'])
  assert.deepEqual(node.network.done, [])
  assert.equal(node.files.readText(CONFLIST), undefined)
  assert.equal(node.files.readText('/proc/sys/net/ipv4/ip_forward'), '0\n')
  assert.deepEqual(node.files.list('/opt/cni/bin'), undefined)
  assert.equal(told('n1'), 'none')
})

test('a new node of a cluster with another CNI waits for that, though its configuration is not there yet', async () => {
  cluster.api.put(nodeObject('old', { number: 9, ready: true }))
  const node = await start('n1')
  assert.deepEqual([status(node).mode, status(node).why], ['none', 'another network makes old Ready'])
  assert.equal(node.files.readText(CONFLIST), undefined)
})

test('a node that is Ready before we did anything has the network of another, wherever that is configured', async () => {
  const node = await start('n1', { ready: true })
  assert.deepEqual([status(node).mode, status(node).why], ['none', 'another network makes n1 Ready'])
  assert.deepEqual(node.network.done, [])
})

test('a node with a device of another CNI is left to that, as after a cold start of k3s with its flannel', async () => {
  const flannel = lanDevice(1, { name: 'flannel.1', ifindex: 9, kind: 'vxlan', addresses: [] })
  const node = await start('n1', { prepare: ({ net }) => net.set([lanDevice(1), flannel]) })
  assert.deepEqual([status(node).mode, status(node).why], ['none', 'device flannel.1 is of another network'])
  node.net.set([lanDevice(1)])
  await cluster.clock.advance(ROUND_MS)
  assert.equal(status(node).mode, 'full')
})

test('a node without a podCIDR is told what is missing, on the Node as well, and goes on when it comes', async () => {
  const node = await start('n1', { podCidrs: [] })
  assert.deepEqual(problems(node), ['NoPodCidr'])
  assert.equal(node.files.readText(CONFLIST), undefined)
  await cluster.clock.advance(2000)
  assert.ok(events().includes('Node n1 NoPodCidr'), events().join())
  cluster.api.put(nodeObject('n1'))
  await cluster.clock.advance(2000)
  assert.deepEqual(problems(node), [])
  assert.equal(status(node).confFile, '05-balise.conflist')
})

test('the MTU of the uplink is followed, and devices of pods that come and go change nothing', async () => {
  const node = await start('n1')
  const mtus = (): readonly unknown[] => plugins(node).map((plugin) => Reflect.get(plugin, 'mtu'))
  assert.deepEqual(mtus(), [1500])
  node.net.set([lanDevice(1, { mtuBytes: 9000 })])
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(mtus(), [9000])
  const stat = node.files.stat(CONFLIST)
  const pod = lanDevice(1, { name: 'blc0123456789a', ifindex: 9, kind: 'veth', addresses: [], mtuBytes: 1280 })
  node.net.set([lanDevice(1, { mtuBytes: 9000 }), pod])
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(node.files.stat(CONFLIST), stat)
})

test('a Node that is gone for a moment takes nothing of its network with it', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1')
  const changes = node.network.done.length
  await cluster.api.delete(NODES, { name: 'n1' })
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual([problems(node), node.network.done.length], [['NoPodCidr'], changes])
  assert.notEqual(node.files.readText(CONFLIST), undefined)
  cluster.api.put(nodeObject('n1'))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual([problems(node), node.network.done.length], [[], changes])
})

test('what the kernel refused is tried again without being asked', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1', { prepare: ({ network }) => network.refuse('addRoute', 'Network is down') })
  assert.deepEqual(problems(node), ['RouteFailed'])
  assert.equal(status(node).confFile, '05-balise.conflist', 'pods of this node can start all the same')
  node.network.refuse('addRoute')
  await cluster.clock.advance(11_000)
  assert.deepEqual([problems(node), routes(node).length], [[], 1])
})

test('a podCIDR that changes is followed', async () => {
  const node = await start('n1')
  cluster.api.put(nodeObject('n1', { podCidrs: ['10.99.0.0/24', 'fd00:99::/64'] }))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(
    plugins(node).map((plugin) => Reflect.get(plugin, 'podCidrs')),
    [['10.99.0.0/24', 'fd00:99::/64']],
  )
  assert.match(node.network.state().masquerade ?? '', /ip6 saddr/)
  assert.equal(node.files.readText('/proc/sys/net/ipv6/conf/all/forwarding'), '1')
})

test('a full podCIDR and the last failure of the plugin are said, and forgotten when they are over', async () => {
  const node = await start('n1', { podCidrs: ['10.244.1.0/30'] })
  node.files.put('/var/lib/balise/cni/addresses/10.244.1.2', '{}')
  node.files.put('/var/lib/balise/cni/last-failure.json', '{"code":11,"message":"no free address","command":"ADD"}')
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual(problems(node), ['PodCidrExhausted', 'PluginFailed'])
  assert.deepEqual(status(node).ipam, [{ family: 'IPv4', podCidr: '10.244.1.0/30', allocated: 1, capacity: 1 }])
  assert.ok(events().includes('Node n1 PodCidrExhausted'))
  node.files.remove('/var/lib/balise/cni/addresses/10.244.1.2')
  node.files.remove('/var/lib/balise/cni/last-failure.json')
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual(problems(node), [])
})

test('pods that fail one after the other are one Event of the Node, and keep no other from being told', async () => {
  const node = await start('n1')
  for (let pod = 0; pod < 30; pod++) {
    const failure = {
      code: 11,
      message: 'no free address',
      podNamespace: 'default',
      podName: `web-${pod}`,
      command: 'ADD',
    }
    node.files.put('/var/lib/balise/cni/last-failure.json', JSON.stringify(failure))
    await cluster.clock.advance(11_000)
  }
  node.files.refuse(/^\/etc\/cni/)
  cluster.api.put(nodeObject('n1', { podCidrs: ['10.98.0.0/24'] }))
  await cluster.clock.advance(5000)
  assert.deepEqual(
    events()
      .filter((event) => event.startsWith('Node n1'))
      .toSorted(),
    ['Node n1 ConfFolderFailed', 'Node n1 PluginFailed'],
  )
})

test('without the plugin in the image no configuration is written, and the path is named', async () => {
  const node = await start('n1', { environment: { BALISE_CNI_PLUGIN: '/image/none' } })
  assert.deepEqual(problems(node), ['PluginMissing'])
  assert.equal(node.files.readText(CONFLIST), undefined)
  node.files.put('/image/none', 'plugin')
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual(problems(node), [])
  assert.equal(status(node).confFile, '05-balise.conflist')
})

for (const [what, paths, code] of [
  ['plugins', /^\/opt/, 'PluginMissing'],
  ['configurations', /^\/etc\/cni/, 'ConfFolderFailed'],
  ["the kernel's settings", /^\/proc\/sys/, 'SysctlFailed'],
] as const) {
  test(`a folder of ${what} that cannot be written is named, and the node goes on when it can`, async () => {
    const node = await start('n1', { prepare: ({ files }) => files.refuse(paths) })
    assert.ok(problems(node).includes(code), problems(node).join())
    assert.equal(node.files.readText(CONFLIST), undefined)
    node.files.refuse(undefined)
    await cluster.clock.advance(RESYNC_MS)
    assert.deepEqual(problems(node), [])
    assert.equal(status(node).confFile, '05-balise.conflist')
  })
}

test('a folder of configurations that cannot be read is named, and decides nothing', async () => {
  const node = await start('n1', { prepare: ({ files }) => files.hide(/^\/etc\/cni/) })
  assert.deepEqual([problems(node), status(node).mode, node.network.done], [['ConfFolderFailed'], 'undecided', []])
  node.files.hide(undefined)
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual([problems(node), status(node).mode], [[], 'full'])
})

test('a kernel without nftables is named, and no pod starts that could not get out', async () => {
  const node = await start('n1', {
    prepare: ({ network }) => network.refuse('setMasquerade', 'Operation not supported'),
  })
  assert.deepEqual(problems(node), ['MasqueradeFailed'])
  assert.equal(node.files.readText(CONFLIST), undefined)
  node.network.refuse('setMasquerade')
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual(problems(node), [])
  assert.equal(status(node).confFile, '05-balise.conflist')
})

test('a network that cannot be looked at is left as it is, and said', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1', { prepare: ({ network }) => network.refuseToRead('ip cannot be run') })
  assert.deepEqual(problems(node), ['NetworkFailed'])
  assert.equal(node.files.readText(CONFLIST), undefined)
  node.network.refuseToRead()
  await cluster.clock.advance(RESYNC_MS)
  assert.deepEqual([problems(node), routes(node).length, status(node).confFile], [[], 1, '05-balise.conflist'])
})

test('where masquerade is switched off it is not needed', async () => {
  const node = await start('n1', {
    environment: { BALISE_MASQUERADE_IPV4: 'false', BALISE_MASQUERADE_IPV6: 'false' },
    prepare: ({ network }) => network.refuse('setMasquerade', 'Operation not supported'),
  })
  assert.deepEqual([problems(node), status(node).masquerading, status(node).confFile], [[], [], '05-balise.conflist'])
})

test('a node behind a router is reached through the overlay, with room for its header', async () => {
  cluster.api.put(nodeObject('far', { number: 7, address: '192.168.77.7' }))
  const vxlan = lanDevice(1, { name: 'balise_vxlan', ifindex: 9, kind: 'vxlan', addresses: [] })
  const node = await start('n1', {
    prepare({ net, programs, files }) {
      net.set([lanDevice(1), vxlan])
      files.put('/proc/sys/net/ipv4/conf/balise_vxlan/rp_filter', '2\n')
      programs.addDevice(vxlan)
    },
  })
  assert.deepEqual(routes(node), ['10.244.7.0/24 dev balise_vxlan src 10.244.1.1'])
  assert.equal(node.network.state().overlay?.mtuBytes, 1450)
  assert.equal(node.files.readText('/proc/sys/net/ipv4/conf/balise_vxlan/rp_filter'), '0')
  assert.deepEqual(
    plugins(node).map((plugin) => Reflect.get(plugin, 'mtu')),
    [1450],
  )
  assert.equal(node.maps.map('overlay4').entries().length, 2, 'its podCIDR and its own address')
  assert.ok(node.programs.attachments().some(({ program }) => program === 'balise_to_overlay'))
  cluster.api.put(nodeObject('far', { number: 7 }))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(routes(node), ['10.244.7.0/24 via 192.168.10.221 dev eth0'])
  assert.equal(node.network.state().overlay, undefined)
  assert.deepEqual(node.maps.map('overlay4').entries(), [])
})

test('an overlay on which programs cannot be hung is named, and tried again', async () => {
  cluster.api.put(nodeObject('far', { number: 7, address: '192.168.77.7' }))
  const vxlan = lanDevice(1, { name: 'balise_vxlan', ifindex: 9, kind: 'vxlan', addresses: [] })
  const node = await start('n1', {
    prepare({ net, files }) {
      net.set([lanDevice(1), vxlan]) // a device on which nothing can be attached yet
      files.put('/proc/sys/net/ipv4/conf/balise_vxlan/rp_filter', '0\n')
    },
  })
  assert.deepEqual(problems(node), ['OverlayMapFailed'])
  assert.equal(status(node).confFile, '05-balise.conflist', 'pods of this node can start all the same')
  node.programs.addDevice(vxlan)
  await cluster.clock.advance(11_000)
  assert.deepEqual(problems(node), [])
})

test('a kernel without VXLAN keeps far nodes from being reached, and no node from being Ready', async () => {
  cluster.api.put(nodeObject('far', { number: 7, address: '192.168.77.7' }))
  const node = await start('n1', { prepare: ({ network }) => network.refuse('createOverlay', 'Unknown device type.') })
  assert.ok(problems(node).includes('OverlayFailed'), problems(node).join())
  assert.equal(status(node).confFile, '05-balise.conflist')
})

test('a node that goes loses its route, also when it went while no agent ran; what others made stays', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  cluster.api.put(nodeObject('n3', { number: 3 }))
  const node = await start('n1')
  node.network.disturb((state) => {
    const [one] = state.routes
    assert.ok(one !== undefined)
    state.routes = [...state.routes, { ...one, to: { ...one.to, lengthBits: 16 }, own: false }]
  })
  await cluster.api.delete(NODES, { name: 'n2' })
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(routes(node), [
    '10.244.2.0/16 via 192.168.10.216 dev eth0',
    '10.244.3.0/24 via 192.168.10.217 dev eth0',
  ])
})

test('a route of ours that somebody removes is back at once, rules that somebody changes after a second', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1')
  node.network.disturb((state) => {
    state.routes = []
  })
  await cluster.clock.advance(ROUND_MS)
  assert.equal(routes(node).length, 1)
  node.network.disturb((state) => {
    state.masquerade = undefined
  })
  await cluster.clock.advance(1_000)
  await cluster.clock.advance(ROUND_MS)
  assert.notEqual(node.network.state().masquerade, undefined)
  const done = node.network.done.length
  await cluster.clock.advance(5_000)
  assert.equal(node.network.done.length, done, 'a change of our own is none to put right')
})

test('another route to the same podCIDR stays, and is said', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1', {
    prepare: ({ network }) =>
      network.disturb((state) => {
        const to = { address: { family: 'IPv4', value: 0x0af40200n }, lengthBits: 24 } as const
        state.routes = [
          { to, device: 'eth0', via: { family: 'IPv4', value: 0xc0a80a63n }, source: undefined, own: false },
        ]
      }),
  })
  assert.deepEqual(routes(node), ['10.244.2.0/24 via 192.168.10.99 dev eth0'])
  assert.deepEqual(problems(node), ['RouteTaken'])
})

test('an agent that ends leaves all as it is, and one that starts again changes nothing', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1')
  const end = node.agent?.close()
  await cluster.clock.advance(0)
  await end
  assert.equal(routes(node).length, 1)
  assert.notEqual(node.files.readText(CONFLIST), undefined)
  const [changes, stat] = [node.network.done.length, node.files.stat(CONFLIST)]
  cluster.restart(node, { environment: { BALISE_CNI_MODE: 'auto', BALISE_CNI_PLUGIN: PLUGIN } })
  await cluster.clock.advance(1000)
  assert.equal(status(node).why, 'chosen before: 05-balise.conflist is in place')
  assert.deepEqual([node.network.done.length, node.files.stat(CONFLIST)], [changes, stat])
})

test('without the API server all stays, also for an agent that starts meanwhile', async () => {
  cluster.api.put(nodeObject('n2', { number: 2 }))
  const node = await start('n1')
  cluster.api.goAway()
  const end = node.agent?.close()
  await cluster.clock.advance(0)
  await end
  cluster.restart(node, { environment: { BALISE_CNI_MODE: 'auto', BALISE_CNI_PLUGIN: PLUGIN } })
  await cluster.clock.advance(RESYNC_MS)
  assert.equal(status(node).mode, 'full')
  assert.equal(routes(node).length, 1)
  assert.notEqual(node.files.readText(CONFLIST), undefined)
})

test('the configuration goes with the agent where that was set', async () => {
  const node = await start('n1', { environment: { BALISE_CNI_UNINSTALL: 'true' } })
  assert.notEqual(node.files.readText(CONFLIST), undefined)
  const end = node.agent?.close()
  await cluster.clock.advance(0)
  await end
  assert.equal(node.files.readText(CONFLIST), undefined)
  assert.notEqual(node.files.list(CONF), undefined)
})

test('what is ours once stays so beside another CNI that comes later, which is said', async () => {
  const node = await start('n1', { environment: { BALISE_CNI_EXCLUSIVE: 'true' } })
  node.files.put(`${CONF}/10-flannel.conflist`, FLANNEL)
  await cluster.clock.advance(ROUND_MS)
  assert.equal(status(node).mode, 'full')
  assert.deepEqual(problems(node), ['ForeignConf'])
  node.files.put(`${CONF}/00-other.conflist`, FLANNEL)
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(problems(node), ['ForeignConfFirst'])
  assert.notEqual(node.files.readText(`${CONF}/00-other.conflist`), undefined, 'a guess takes nothing from anybody')
  node.files.remove(CONFLIST)
  await cluster.clock.advance(ROUND_MS)
  assert.equal(status(node).mode, 'full')
  assert.notEqual(node.files.readText(CONFLIST), undefined, 'pods run on it, whoever removed it')
})

test('where the mode was set to full, other configurations are put aside as cni.exclusive says', async () => {
  const node = await start('n1', {
    mode: 'full',
    environment: { BALISE_CNI_EXCLUSIVE: 'true' },
    prepare: ({ files }) => files.put(`${CONF}/10-flannel.conflist`, FLANNEL),
  })
  assert.equal(node.files.readText(`${CONF}/10-flannel.conflist.balise_bak`), FLANNEL)
  assert.equal(node.files.readText(`${CONF}/10-flannel.conflist`), undefined)
  assert.deepEqual([status(node).mode, problems(node)], ['full', []])
})

test('another network goes on until ours works', async () => {
  const node = await start('n1', {
    mode: 'full',
    environment: { BALISE_CNI_EXCLUSIVE: 'true' },
    prepare({ files, network }) {
      files.put(`${CONF}/10-flannel.conflist`, FLANNEL)
      network.refuse('setMasquerade', 'Operation not supported')
    },
  })
  assert.equal(node.files.readText(`${CONF}/10-flannel.conflist`), FLANNEL)
  assert.deepEqual(problems(node).toSorted(), ['ForeignConf', 'MasqueradeFailed'])
  node.network.refuse('setMasquerade')
  await cluster.clock.advance(RESYNC_MS)
  assert.equal(node.files.readText(`${CONF}/10-flannel.conflist`), undefined)
  assert.deepEqual([problems(node), status(node).confFile], [[], '05-balise.conflist'])
})

test('a configuration of ours that somebody changes or removes is put right', async () => {
  const node = await start('n1')
  const text = node.files.readText(CONFLIST)
  node.files.put(CONFLIST, '{"plugins":[{"type":"balise-cni","mode":"full"}]}')
  await cluster.clock.advance(ROUND_MS)
  assert.equal(node.files.readText(CONFLIST), text)
  node.files.remove(CONFLIST)
  await cluster.clock.advance(ROUND_MS)
  assert.equal(node.files.readText(CONFLIST), text)
})

test('where somebody else writes the configuration, none is written', async () => {
  const node = await start('n1', { mode: 'full', environment: { BALISE_CNI_CUSTOM_CONF: 'true' } })
  assert.equal(node.files.readText(CONFLIST), undefined)
  assert.equal(node.files.readText('/opt/cni/bin/balise-cni'), 'plugin')
  assert.notEqual(node.network.state().masquerade, undefined)
})

test('behind another CNI our plugin comes last, follows its configuration, and nothing else is touched', async () => {
  const node = await start('n1', {
    mode: 'chained',
    prepare({ files }) {
      files.put(`${CONF}/10-flannel.conflist`, FLANNEL)
      files.put('/opt/cni/bin/flannel', 'theirs')
    },
  })
  const types = (): readonly unknown[] => plugins(node).map((plugin) => Reflect.get(plugin, 'type'))
  assert.deepEqual(types(), ['flannel', 'balise-cni'])
  assert.deepEqual([node.network.done, problems(node), told('n1')], [[], [], 'chained'])
  node.files.put(`${CONF}/10-flannel.conflist`, FLANNEL.replace('}]', '},{"type":"bandwidth"}]'))
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(types(), ['flannel', 'bandwidth', 'balise-cni'])
  assert.deepEqual(problems(node), ['PluginMissing'])
})

test('behind a network that is not there it waits, and says for what', async () => {
  const node = await start('n1', { mode: 'chained', environment: { BALISE_CNI_CHAINING_TARGET: 'cbr0' } })
  assert.deepEqual(problems(node), ['NothingToChainTo'])
  node.files.put('/opt/cni/bin/flannel', 'theirs')
  node.files.put(`${CONF}/10-flannel.conflist`, FLANNEL)
  await cluster.clock.advance(ROUND_MS)
  assert.deepEqual(problems(node), [])
  assert.equal(status(node).confFile, '05-balise.conflist')
})

test('in mode none a configuration of ours that is still there is said, and left', async () => {
  const node = await start('n1', {
    mode: 'none',
    prepare: ({ files }) => files.put(CONFLIST, '{"plugins":[{"type":"balise-cni","mode":"full"}]}'),
  })
  assert.deepEqual(problems(node), ['ConfLeftBehind'])
  assert.notEqual(node.files.readText(CONFLIST), undefined)
})

test('the network is told of without L2 announcements as well', async () => {
  await start('n1', { environment: { BALISE_L2_ENABLED: 'false' } })
  await cluster.clock.advance(5000)
  assert.equal(told('n1'), 'full')
  const [lease] = cluster.api.objects(LEASES)
  const facts = JSON.parse(lease?.metadata.annotations?.['balise.io/l2'] ?? '') as { readonly devices: unknown }
  assert.deepEqual(facts.devices, [], 'no other node may take this one for a candidate')
})
