import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SERVICES } from '#ports/kube-resources.ts'
import { parseYaml } from './harness.ts'
import { createOperatorWorld, type OperatorWorld, poolYaml } from './operator-world.ts'

const LAB = poolYaml('lab', '192.168.10.75', '192.168.10.76')

async function worldWith(t: TestContext, yaml: string): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(yaml)
  return world
}

interface Written {
  readonly annotations?: string
  readonly port?: string
  readonly spec?: string
  readonly namespace?: string
}

function yaml(
  name: string,
  { annotations = '', port = 'TCP/80', spec = '', namespace = 'default' }: Written = {},
): string {
  const [protocol, number] = port.split('/')
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}, annotations: {${annotations}}}
spec:
  type: LoadBalancer
  clusterIP: 10.43.0.10
  ipFamilies: [IPv4]
  ports: [{port: ${number}, protocol: ${protocol}}]
  selector: {app: ${name}}
  ${spec}
---
`
}

const KEY = 'lbipam.cilium.io/sharing-key: k'

function services(world: OperatorWorld): string {
  return world
    .show()
    .split('\n')
    .filter((line) => !line.startsWith('pool'))
    .join('\n')
}

test('ipam lets Services with one key share an address, also under the old name of the annotation', async (t) => {
  const old = 'io.cilium/lb-ipam-sharing-key: k'
  const udp = yaml('udp', { annotations: old, port: 'UDP/80' })
  const world = await worldWith(t, LAB + yaml('a', { annotations: KEY }) + udp + yaml('b', { annotations: KEY }))
  const before = `pool lab: total 2, available 0, used 2
service default/a: 192.168.10.75, satisfied
service default/b: 192.168.10.76, satisfied
service default/udp: 192.168.10.75, satisfied`
  assert.equal(world.show(), before)
  await world.restart()
  assert.equal(world.show(), before)
})

test('ipam moves exactly the Service that changed its key, its port or its policy', async (t) => {
  const [a, b, c] = ['a', 'b', 'c'].map((name, index) => ({
    name,
    written: { annotations: KEY, port: `TCP/8${index}` },
  }))
  assert.ok(a !== undefined && b !== undefined && c !== undefined)
  const pool = poolYaml('lab', '192.168.10.75', '192.168.10.78')
  const world = await worldWith(t, pool + [a, b, c].map(({ name, written }) => yaml(name, written)).join(''))
  const together = services(world)
  assert.match(together, /a: 192\.168\.10\.75.*\n.*b: 192\.168\.10\.75.*\n.*c: 192\.168\.10\.75/)
  const away = together.replace('default/a: 192.168.10.75', 'default/a: 192.168.10.76')
  for (const change of [
    { ...a.written, annotations: 'lbipam.cilium.io/sharing-key: other' },
    { ...a.written, spec: 'externalTrafficPolicy: Local' },
  ]) {
    await world.apply(yaml('a', change))
    assert.equal(services(world), away)
    await world.remove(SERVICES, 'a', 'default')
    await world.apply(yaml('a', a.written))
    assert.equal(services(world), together)
  }
  await world.apply(yaml('c', { ...c.written, port: 'TCP/81' }))
  assert.equal(services(world), together.replace('default/c: 192.168.10.75', 'default/c: 192.168.10.76'))
})

test('ipam moves the one of two sharers that changed, the older one as well', async (t) => {
  const pool = poolYaml('lab', '192.168.10.75', '192.168.10.78')
  const [a, b] = [yaml('a', { annotations: KEY }), yaml('b', { annotations: KEY, port: 'TCP/81' })]
  const world = await worldWith(t, pool + a + b)
  const together = 'service default/a: 192.168.10.75, satisfied\nservice default/b: 192.168.10.75, satisfied'
  assert.equal(services(world), together)
  for (const change of [
    { annotations: 'lbipam.cilium.io/sharing-key: other' },
    { annotations: KEY, spec: 'externalTrafficPolicy: Local' },
    { annotations: KEY, port: 'TCP/81' },
    {},
  ]) {
    await world.apply(yaml('a', change))
    assert.equal(services(world), together.replace('a: 192.168.10.75', 'a: 192.168.10.76'))
    await world.remove(SERVICES, 'a', 'default')
    await world.apply(a)
    assert.equal(services(world), together)
  }
})

test('ipam cannot know after a restart which of two sharers changed, and lets the older one stay', async (t) => {
  const pool = poolYaml('lab', '192.168.10.75', '192.168.10.78')
  const world = await worldWith(
    t,
    pool + yaml('a', { annotations: KEY }) + yaml('b', { annotations: KEY, port: 'TCP/81' }),
  )
  await world.close()
  world.api.put(parseYaml(yaml('a', { annotations: 'lbipam.cilium.io/sharing-key: other' }))[0] ?? assert.fail())
  await world.restart()
  await world.pass(30_000)
  assert.equal(
    services(world),
    'service default/a: 192.168.10.75, satisfied\nservice default/b: 192.168.10.76, satisfied',
  )
})

test('ipam shares between namespaces that both allow it, white space in the list or not', async (t) => {
  const from = (namespaces: string): string => `${KEY}, lbipam.cilium.io/sharing-cross-namespace: "${namespaces}"`
  const world = await worldWith(
    t,
    LAB +
      yaml('a', { annotations: from('x, shop') }) +
      yaml('b', { annotations: from('*'), port: 'TCP/81', namespace: 'shop' }) +
      yaml('c', { annotations: from('x'), port: 'TCP/82', namespace: 'shop' }),
  )
  assert.equal(
    services(world),
    `service default/a: 192.168.10.75, satisfied
service shop/b: 192.168.10.75, satisfied
service shop/c: 192.168.10.76, satisfied`,
  )
})

const asks = (ip: string, more = KEY): string => `lbipam.cilium.io/ips: ${ip}${more === '' ? '' : `, ${more}`}`
const REFUSALS: readonly { readonly name: string; readonly web: Written; readonly answer: string }[] = [
  {
    name: 'no key',
    web: { annotations: asks('192.168.10.75', ''), port: 'TCP/81' },
    answer: `already_allocated
  192.168.10.75 is held by Service default/a: ask for another address, or free that one`,
  },
  {
    name: 'another key',
    web: { annotations: asks('192.168.10.75', 'lbipam.cilium.io/sharing-key: other'), port: 'TCP/81' },
    answer: `already_allocated_incompatible_service
  192.168.10.75 is held by Service default/a, which cannot share it with this one: different sharing key: give both Services the same lbipam.cilium.io/sharing-key, or ask for another address`,
  },
  {
    name: 'the same port',
    web: { annotations: asks('192.168.10.75') },
    answer: `already_allocated_incompatible_service
  192.168.10.75 is held by Service default/a, which cannot share it with this one: same port and protocol (TCP 80): change the port of one of them`,
  },
  {
    name: 'another policy',
    web: { annotations: asks('192.168.10.75'), port: 'TCP/81', spec: 'externalTrafficPolicy: Local' },
    answer: `already_allocated_incompatible_service
  192.168.10.75 is held by Service default/a, which cannot share it with this one: different ExternalTrafficPolicy: set the same externalTrafficPolicy in both`,
  },
  {
    name: 'another namespace',
    web: { annotations: asks('192.168.10.75'), port: 'TCP/81', namespace: 'shop' },
    answer: `already_allocated_incompatible_service
  192.168.10.75 is held by Service default/a, which cannot share it with this one: different and not permitted namespace: name default in lbipam.cilium.io/sharing-cross-namespace of Service shop/web; both must permit each other`,
  },
]
for (const { name, web, answer } of REFUSALS) {
  test(`ipam tells why an address cannot be shared: ${name}`, async (t) => {
    const world = await worldWith(t, LAB + yaml('a', { annotations: KEY }))
    await world.apply(yaml('web', web))
    const { namespace = 'default' } = web
    assert.equal(
      services(world),
      `service default/a: 192.168.10.75, satisfied\nservice ${namespace}/web: <pending>, ${answer}`,
    )
  })
}

test('ipam tells what keeps Services with Local from sharing: other pods', async (t) => {
  const spec = 'externalTrafficPolicy: Local'
  const a = yaml('a', { annotations: KEY, spec })
  const world = await worldWith(t, LAB + a)
  await world.apply(yaml('web', { annotations: asks('192.168.10.75'), port: 'TCP/81', spec }))
  assert.match(
    services(world),
    /web: <pending>, already_allocated_incompatible_service\n.*selecting different set of pods/,
  )
  const permit = `${KEY}, lbipam.cilium.io/sharing-permit-different-pods: "true"`
  await world.apply(
    yaml('a', { annotations: permit, spec }) +
      yaml('web', { annotations: asks('192.168.10.75', permit), port: 'TCP/81', spec }),
  )
  assert.equal(
    services(world),
    `service default/a: 192.168.10.75, satisfied\nservice default/web: 192.168.10.75, satisfied`,
  )
})

const poolOf = (name: string, spec: string, annotations = ''): string => `
apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: ${name}, annotations: {${annotations}}}
spec: {${spec}}
---
`

test('ipam keeps first and last addresses back, lets holders keep them, and gives none twice when that is toggled', async (t) => {
  const pool = (allow: string): string =>
    poolOf('ends', `blocks: [{cidr: 192.168.10.64/30}], allowFirstLastIPs: ${allow}`)
  const world = await worldWith(t, pool('"Yes"') + yaml('a') + yaml('b'))
  await world.apply(pool('"No"') + yaml('c') + yaml('d'))
  const held = `pool ends: total 4, available 0, used 4
service default/a: 192.168.10.64, satisfied
service default/b: 192.168.10.65, satisfied
service default/c: 192.168.10.66, satisfied
service default/d: <pending>, out_of_ips
  No IPv4 address is free. Pool ends is full. Add addresses to a pool, or delete a Service of type LoadBalancer`
  assert.equal(world.show(), held)
  await world.restart()
  assert.equal(world.show(), held)
  await world.apply(pool('"Yes"'))
  assert.match(
    world.show(),
    /a: 192\.168\.10\.64.*\n.*b: 192\.168\.10\.65.*\n.*c: 192\.168\.10\.66.*\n.*d: 192\.168\.10\.67/,
  )
})

test('ipam says that a first address is kept back, to who asks for it', async (t) => {
  const pool = poolOf('ends', 'blocks: [{cidr: 192.168.10.64/29}], allowFirstLastIPs: "No"')
  const world = await worldWith(t, pool + yaml('web', { annotations: asks('192.168.10.64') }))
  assert.equal(
    world.show(),
    `pool ends: total 8, available 6, used 2
service default/web: <pending>, already_allocated
  192.168.10.64 is the first or last address of a block of pool ends, which keeps those back (allowFirstLastIPs: No): ask for another address`,
  )
})

test('ipam gives from the pool with the lower priority number first, and moves nobody for it', async (t) => {
  const pools =
    poolOf('a', 'blocks: [{start: 192.168.10.70}]') +
    poolOf('b', 'blocks: [{start: 192.168.10.80}]', 'balise.io/priority: "10"')
  const world = await worldWith(t, pools + yaml('first'))
  assert.equal(services(world), 'service default/first: 192.168.10.80, satisfied')
  await world.apply(poolOf('a', 'blocks: [{start: 192.168.10.70}]', 'balise.io/priority: "1"') + yaml('second'))
  assert.equal(
    services(world),
    'service default/first: 192.168.10.80, satisfied\nservice default/second: 192.168.10.70, satisfied',
  )
})

test('ipam is not satisfied with one family where both are required', async (t) => {
  const spec = 'ipFamilyPolicy: RequireDualStack'
  const world = await worldWith(t, LAB + yaml('web', { spec }))
  assert.equal(
    services(world),
    `service default/web: 192.168.10.75, no_pool
  No pool gives an IPv6 address to this Service. Pool lab has no block of this family. Add addresses of this family to the pool, or create a CiliumLoadBalancerIPPool`,
  )
  await world.apply(poolYaml('six', '"fd00::1"', '"fd00::9"'))
  assert.equal(services(world), 'service default/web: 192.168.10.75, fd00::1, satisfied')
})

test('ipam gives every address that annotation and loadBalancerIP ask for together', async (t) => {
  const pool = poolYaml('lab', '192.168.10.75', '192.168.10.78')
  const web = yaml('web', {
    annotations: 'io.cilium/lb-ipam-ips: " 192.168.10.77,192.168.10.78"',
    spec: 'loadBalancerIP: 192.168.10.76',
  })
  const world = await worldWith(t, pool + web)
  assert.equal(services(world), 'service default/web: 192.168.10.76, 192.168.10.77, 192.168.10.78, satisfied')
})

test('ipam gives a freed address to who waits at once', async (t) => {
  const world = await worldWith(t, poolYaml('one', '192.168.10.75', '192.168.10.75') + yaml('a') + yaml('b'))
  assert.match(services(world), /b: <pending>, out_of_ips/)
  await world.remove(SERVICES, 'a', 'default')
  assert.equal(services(world), 'service default/b: 192.168.10.75, satisfied')
})
