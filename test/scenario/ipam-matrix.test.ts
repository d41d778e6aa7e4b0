import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SERVICES } from '#ports/kube-resources.ts'
import { createOperatorWorld, type OperatorWorld, poolYaml } from './operator-world.ts'

/** One rule of sharing a row: two Services that ask for one address, and what the younger is told. */
const ADDRESS = '192.168.10.75'
const CLUSTER = 'externalTrafficPolicy: Cluster'
const LOCAL = 'externalTrafficPolicy: Local'
const TOGETHER = 'satisfied'

interface Side {
  readonly namespace?: string
  readonly key?: string
  /** What follows the key among the annotations. */
  readonly more?: string
  readonly ports?: string
  readonly spec?: string
  readonly selector?: string
}

interface Row {
  readonly rule: string
  readonly older: Side
  readonly younger: Side
  readonly told: string | RegExp
}

const key = (text: string): string => `lbipam.cilium.io/sharing-key: "${text}"`
const old = (text: string): string => `io.cilium/lb-ipam-sharing-key: "${text}"`
const crossing = (namespaces: string): string => `, lbipam.cilium.io/sharing-cross-namespace: "${namespaces}"`
const oldCrossing = (namespaces: string): string => `, io.cilium/lb-ipam-sharing-cross-namespace: "${namespaces}"`
const PERMIT = ', lbipam.cilium.io/sharing-permit-different-pods: "true"'
const UDP = '[{port: 80, protocol: UDP}]'
const NAMESPACE = /different and not permitted namespace/
const KEY = /different sharing key/
const PODS = /ExternalTrafficPolicy local but selecting different set of pods/
const SELECTOR = /ExternalTrafficPolicy local but a service has no selector/

const ROWS: readonly Row[] = [
  { rule: 'one key', older: {}, younger: { ports: UDP }, told: TOGETHER },
  { rule: 'one key, under the old name', older: {}, younger: { key: old('k'), ports: UDP }, told: TOGETHER },
  { rule: 'keys that differ', older: {}, younger: { key: key('l'), ports: UDP }, told: KEY },
  { rule: 'keys that differ in white space', older: {}, younger: { key: key('k '), ports: UDP }, told: KEY },
  { rule: 'keys that differ in case', older: {}, younger: { key: key('K'), ports: UDP }, told: KEY },
  { rule: 'a key on the younger alone', older: { key: '' }, younger: { ports: UDP }, told: KEY },
  { rule: 'empty keys', older: { key: key('') }, younger: { key: key(''), ports: UDP }, told: /is held by Service/ },
  {
    rule: 'the new name before the old one',
    older: {},
    younger: { key: `${old('k')}, ${key('l')}`, ports: UDP },
    told: KEY,
  },
  { rule: 'another port', older: {}, younger: { ports: '[{port: 81, protocol: TCP}]' }, told: TOGETHER },
  { rule: 'SCTP beside TCP', older: {}, younger: { ports: '[{port: 80, protocol: SCTP}]' }, told: TOGETHER },
  { rule: 'the same port', older: {}, younger: {}, told: /same port and protocol \(TCP 80\)/ },
  {
    rule: 'one port of several that both have',
    older: { ports: '[{name: a, port: 443, protocol: TCP}, {name: b, port: 53, protocol: UDP}]' },
    younger: { ports: '[{name: a, port: 80, protocol: TCP}, {name: b, port: 53, protocol: UDP}]' },
    told: /same port and protocol \(UDP 53\)/,
  },
  { rule: 'namespaces, without a list', older: {}, younger: { namespace: 'shop', ports: UDP }, told: NAMESPACE },
  {
    rule: 'namespaces, the older permits',
    older: { more: crossing('shop') },
    younger: { namespace: 'shop', ports: UDP },
    told: NAMESPACE,
  },
  {
    rule: 'namespaces, the younger permits',
    older: {},
    younger: { namespace: 'shop', more: crossing('default'), ports: UDP },
    told: NAMESPACE,
  },
  {
    rule: 'namespaces that permit each other',
    older: { more: crossing('x,shop') },
    younger: { namespace: 'shop', more: crossing('default'), ports: UDP },
    told: TOGETHER,
  },
  {
    rule: 'namespaces that permit each other, under the old name',
    older: { more: oldCrossing('shop') },
    younger: { namespace: 'shop', more: oldCrossing('*'), ports: UDP },
    told: TOGETHER,
  },
  {
    rule: 'namespaces, a wildcard on each side',
    older: { more: crossing('*') },
    younger: { namespace: 'shop', more: crossing('*'), ports: UDP },
    told: TOGETHER,
  },
  {
    rule: 'namespaces, a wildcard on one side alone',
    older: { more: crossing('*') },
    younger: { namespace: 'shop', ports: UDP },
    told: NAMESPACE,
  },
  {
    rule: 'namespaces, a pattern that is no wildcard',
    older: { more: crossing('sho*') },
    younger: { namespace: 'shop', more: crossing('*'), ports: UDP },
    told: NAMESPACE,
  },
  {
    rule: 'policies that differ',
    older: {},
    younger: { spec: LOCAL, ports: UDP },
    told: /different ExternalTrafficPolicy/,
  },
  {
    rule: 'Cluster with other pods',
    older: { spec: CLUSTER },
    younger: { ports: UDP, selector: '{app: y}' },
    told: TOGETHER,
  },
  { rule: 'Local with the same pods', older: { spec: LOCAL }, younger: { spec: LOCAL, ports: UDP }, told: TOGETHER },
  {
    rule: 'Local with the same pods, written in another order',
    older: { spec: LOCAL, selector: '{app: x, tier: t}' },
    younger: { spec: LOCAL, ports: UDP, selector: '{tier: t, app: x}' },
    told: TOGETHER,
  },
  {
    rule: 'Local with other pods',
    older: { spec: LOCAL },
    younger: { spec: LOCAL, ports: UDP, selector: '{app: y}' },
    told: PODS,
  },
  {
    rule: 'Local with other pods, permitted by one',
    older: { spec: LOCAL, more: PERMIT },
    younger: { spec: LOCAL, ports: UDP, selector: '{app: y}' },
    told: PODS,
  },
  {
    rule: 'Local with other pods, permitted by both',
    older: { spec: LOCAL, more: PERMIT },
    younger: { spec: LOCAL, ports: UDP, selector: '{app: y}', more: PERMIT },
    told: TOGETHER,
  },
  {
    rule: 'Local without a selector',
    older: { spec: LOCAL },
    younger: { spec: LOCAL, ports: UDP, selector: '{}' },
    told: SELECTOR,
  },
  {
    rule: 'Local without a selector, permitted by both',
    older: { spec: LOCAL, more: PERMIT, selector: '{}' },
    younger: { spec: LOCAL, ports: UDP, selector: '{}', more: PERMIT },
    told: SELECTOR,
  },
]

function yaml(name: string, side: Side): string {
  const { namespace = 'default', key: written = key('k'), more = '', spec = '', selector = '{app: x}' } = side
  const { ports = '[{port: 80, protocol: TCP}]' } = side
  const annotations = [`lbipam.cilium.io/ips: ${ADDRESS}`, ...(written === '' ? [] : [`${written}${more}`])].join(', ')
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}, annotations: {${annotations}}}
spec:
  type: LoadBalancer
  clusterIP: 10.43.0.10
  ipFamilies: [IPv4]
  ports: ${ports}
  selector: ${selector}
  ${spec}
---
`
}

async function worldWith(t: TestContext, manifests: string): Promise<OperatorWorld> {
  const world = await createOperatorWorld()
  t.after(() => world.close())
  await world.apply(manifests)
  return world
}

function answerTo(world: OperatorWorld, name: string): string {
  const lines = world.show().split('\n')
  const index = lines.findIndex((line) => line.includes(`/${name}:`))
  const [line = '', message = ''] = lines.slice(index)
  return message.startsWith('  ') ? `${line}\n${message}` : line
}

for (const { rule, older, younger, told } of ROWS) {
  test(`ipam shares an address by every rule, or says which one forbids it: ${rule}`, async (t) => {
    const world = await worldWith(t, poolYaml('lab', ADDRESS, ADDRESS) + yaml('a', older))
    await world.apply(yaml('b', younger))
    const answer = answerTo(world, 'b')
    // SCTP is not forwarded, and the Service is told so beside.
    if (typeof told === 'string') assert.equal(answer.split('\n')[0]?.split(': ')[1], `${ADDRESS}, ${told}`)
    else assert.match(answer, told)
    assert.match(answerTo(world, 'a'), /: 192\.168\.10\.75, satisfied/)
    // What is found at once for both, and after a restart, is the same.
    const settled = world.show()
    await world.restart()
    assert.equal(world.show(), settled)
  })
}

test('ipam moves exactly the Service that changed its selector, the list of its namespaces, or what it permits', async (t) => {
  const any = (name: string, side: Side): string => yaml(name, side).replace(`lbipam.cilium.io/ips: ${ADDRESS}, `, '')
  const a: Side = { spec: LOCAL, more: crossing('shop') }
  const b: Side = { spec: LOCAL, more: crossing('default'), ports: UDP, namespace: 'shop' }
  const world = await worldWith(t, poolYaml('lab', ADDRESS, '192.168.10.79') + any('a', a) + any('b', b))
  const together = 'service default/a: 192.168.10.75, satisfied|service shop/b: 192.168.10.75, satisfied'
  const shown = (): string => `${answerTo(world, 'a')}|${answerTo(world, 'b')}`
  assert.equal(shown(), together)
  for (const change of [
    { ...a, selector: '{app: y}' },
    { ...a, selector: '{}' },
    { ...a, more: '' },
    { ...a, more: crossing('x') },
  ]) {
    await world.apply(any('a', change))
    assert.equal(shown(), together.replace('a: 192.168.10.75', 'a: 192.168.10.76'))
    await world.remove(SERVICES, 'a', 'default')
    await world.apply(any('a', a))
    assert.equal(shown(), together)
  }
  // Both permit other pods: then a change of pods moves nobody.
  await world.apply(any('a', { ...a, more: `${crossing('shop')}${PERMIT}` }))
  await world.apply(any('b', { ...b, more: `${crossing('default')}${PERMIT}`, selector: '{app: y}' }))
  assert.equal(shown(), together)
  await world.apply(any('b', { ...b, selector: '{app: y}' }))
  assert.equal(shown(), together.replace('b: 192.168.10.75', 'b: 192.168.10.76'))
})
