import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, mustParseIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { SELECT_ALL } from '#model/selector.ts'
import type { Service } from '#model/service.ts'
import { assignNodes, type NodeIpamInput } from './node-ipam.ts'
import { service, withAddresses } from './samples.fake.ts'

function node(name: string, internal: readonly string[], fields: Partial<Node> = {}): Node {
  const own = { name, labels: { name }, externalIps: [], podCidrs: [], ready: true, unschedulable: false }
  return { ...own, internalIps: internal.map(mustParseIp), ...fields }
}

const external = (...texts: readonly string[]): Partial<Node> => ({ externalIps: texts.map(mustParseIp) })
const NODES = [node('b', ['10.0.0.9', 'fd00::9']), node('a', ['10.0.0.10'])]

function run(of: Partial<Service>, input: Partial<NodeIpamInput> = {}): string {
  const base = { wanted: SELECT_ALL, mistakes: [], nodes: NODES, endpointNodes: new Set<string>() }
  const { addresses, condition } = assignNodes({ service: service('web', of), ...base, ...input })
  return `${addresses.map(formatIp).join()} ${condition.reason} ${condition.message}`.trim()
}

test('assignNodes() gives the internal addresses of all nodes, sorted as text', () => {
  assert.equal(run({}), '10.0.0.10,10.0.0.9 satisfied')
})

test('assignNodes() gives external addresses alone where a node has one of the family', () => {
  const nodes = [...NODES, node('c', ['10.0.0.11'], external('192.0.2.1'))]
  assert.equal(run({}, { nodes }), '192.0.2.1 satisfied')
  assert.equal(run({ families: ['IPv6'] }, { nodes }), 'fd00::9 satisfied')
})

test('assignNodes() gives the families of the Service', () => {
  assert.equal(run({ families: ['IPv4', 'IPv6'] }), '10.0.0.10,10.0.0.9,fd00::9 satisfied')
  assert.equal(
    run({ families: ['IPv6'] }, { nodes: [node('a', ['10.0.0.10'])] }),
    'no_node No selected node has an address of family IPv6',
  )
})

test('assignNodes() leaves out nodes that are not ready or not for load balancing', () => {
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const nodes = [node('a', ['10.0.0.1'], { ready: false }), node('b', ['10.0.0.2'], { labels: { [label]: '' } })]
  assert.equal(run({}, { nodes }), `no_node Of 2 selected nodes none is ready and without label ${label}`)
})

test('assignNodes() takes nodes with a ready endpoint for Local, and every node where an endpoint names none', () => {
  const local = { externalTrafficPolicy: 'Local' } as const
  assert.equal(run(local, { endpointNodes: new Set(['b']) }), '10.0.0.9 satisfied')
  assert.equal(run(local, { endpointNodes: undefined }), '10.0.0.10,10.0.0.9 satisfied')
  assert.match(run(local), /^no_node No selected node has a ready endpoint of this Service/)
})

test('assignNodes() takes the nodes that are asked for', () => {
  const wanted = (name: string) => ({ requirements: [{ key: 'name', operator: 'In' as const, values: [name] }] })
  assert.equal(run({}, { wanted: wanted('a') }), '10.0.0.10 satisfied')
  assert.match(run({}, { wanted: wanted('x') }), /^no_node No node has the labels name=x: change annotation/)
})

test('assignNodes() lets a Service keep what it has while it cannot be read what it wants', () => {
  const mistake = { path: 'p', value: 'v', problem: 'is wrong', remedy: 'mend it' }
  const held = withAddresses(service('web'), '10.0.0.9')
  assert.equal(
    run(held, { wanted: undefined, mistakes: [mistake] }),
    '10.0.0.9 invalid_request p "v" is wrong: mend it',
  )
})
