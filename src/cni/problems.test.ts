import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import type { NetworkOp } from '#model/node-network.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { foreignConfs } from './conf-files.ts'
import type { PeerPath } from './peer-path.ts'
import type { CniProblem } from './problem.ts'
import {
  chainProblems,
  foreignConfProblems,
  forwardProblems,
  leftBehindProblem,
  pathProblems,
  planProblems,
  pluginProblems,
  podCidrProblems,
} from './problems.ts'

const POD_CIDRS = ['10.244.1.0/29', 'fd00::/64'].map(mustParsePrefix)

function confs(...names: readonly string[]): ReturnType<typeof foreignConfs> {
  return foreignConfs(names.map((name) => ({ name, text: `{"name":"${name}-net","type":"bridge"}` })))
}

function assertOne(problems: readonly CniProblem[], code: CniProblem['code'], ...says: readonly RegExp[]): void {
  assert.deepEqual(
    problems.map((problem) => problem.code),
    [code],
  )
  for (const words of says) assert.match(problems[0]?.message ?? '', words)
}

test('podCidrProblems() names a node without a podCIDR, and who gives them out', () => {
  assertOne(podCidrProblems('n1', []), 'NoPodCidr', /Node n1/, /--allocate-node-cidrs/)
  assert.deepEqual(podCidrProblems('n1', POD_CIDRS), [])
})

test('podCidrProblems() names a podCIDR without room for a pod', () => {
  assertOne(podCidrProblems('n1', [mustParsePrefix('10.0.0.0/31')]), 'PodCidrTooSmall', /10\.0\.0\.0\/31/, /Node n1/)
})

test('pluginProblems() says when a podCIDR has given all it has', () => {
  assert.deepEqual(pluginProblems(POD_CIDRS, { counts: [4, 9000], outside: [] }, undefined), [])
  const problems = pluginProblems(POD_CIDRS, { counts: [5, 5], outside: [] }, undefined)
  assertOne(problems, 'PodCidrExhausted', /10\.244\.1\.0\/29 has no free address, all 5/)
})

test('pluginProblems() names addresses of an earlier podCIDR', () => {
  const outside = ['10.9.0.2', '10.9.0.3', '10.9.0.4', '10.9.0.5'].map(mustParseIp)
  const problems = pluginProblems(POD_CIDRS, { counts: [0, 0], outside }, undefined)
  assertOne(problems, 'AddressesOutsidePodCidr', /10\.9\.0\.2, 10\.9\.0\.3, 10\.9\.0\.4 and 1 more/)
  assert.deepEqual(pluginProblems([], { counts: [], outside }, undefined), [])
})

test("pluginProblems() repeats the plugin's last failure", () => {
  const failure = { atMs: 0, code: 11, message: 'no free address', pod: 'default/web', command: 'ADD' }
  const problems = pluginProblems(POD_CIDRS, { counts: [0, 0], outside: [] }, failure)
  assertOne(problems, 'PluginFailed', /ADD for pod default\/web \(code 11\): no free address/)
})

test('foreignConfProblems() tells what comes first from what is merely there', () => {
  assertOne(foreignConfProblems('full', confs('00-x.conf')), 'ForeignConfFirst', /00-x\.conf comes before/)
  assertOne(foreignConfProblems('full', confs('10-x.conf')), 'ForeignConf', /10-x\.conf/, /exclusive/)
  assert.deepEqual(foreignConfProblems('chained', confs('10-x.conf')), [])
  assertOne(foreignConfProblems('chained', confs('00-x.conf')), 'ForeignConfFirst')
  assert.deepEqual(foreignConfProblems('none', confs('00-x.conf')), [])
})

test('foreignConfProblems() has nothing against a plugin that asks ours', () => {
  const multus = foreignConfs([{ name: '00-multus.conf', text: '{"name":"m","type":"multus"}' }])
  assert.deepEqual(foreignConfProblems('full', multus), [])
})

test('forwardProblems() names a firewall that drops what is forwarded, unless a rule of it accepts our pods', () => {
  const accepted = [mustParsePrefix('10.244.0.0/16')]
  assertOne(
    forwardProblems(POD_CIDRS, [{ family: 'IPv4', accepted: [] }]),
    'ForwardDropped',
    /iptables is DROP/,
    /10\.244\.1\.0\/29/,
  )
  assertOne(forwardProblems(POD_CIDRS, [{ family: 'IPv6', accepted }]), 'ForwardDropped', /ip6tables/, /fd00::\/64/)
  assert.deepEqual(forwardProblems(POD_CIDRS, [{ family: 'IPv4', accepted }]), [])
  assert.deepEqual(forwardProblems(POD_CIDRS.slice(0, 1), [{ family: 'IPv6', accepted: [] }]), [])
})

test('leftBehindProblem() names our configuration in a mode that has none', () => {
  assertOne(leftBehindProblem('full'), 'ConfLeftBehind', /balise cleanup/, /cni\.mode to full/)
  assert.deepEqual(leftBehindProblem(undefined), [])
})

test('chainProblems() names the network that is not there, and those that are', () => {
  assertOne(chainProblems('', undefined, []), 'NothingToChainTo', /the folder is empty/)
  assertOne(
    chainProblems('cbr0', undefined, confs('10-x.conf')),
    'NothingToChainTo',
    /cbr0/,
    /10-x\.conf \(10-x\.conf-net\)/,
  )
})

test('chainProblems() names a configuration that cannot be used, and plugins that are missing', () => {
  const [broken] = foreignConfs([{ name: '10-x.conflist', text: '{' }])
  assertOne(chainProblems('', broken, []), 'ForeignConfUnusable', /10-x\.conflist is not a JSON object/)
  const [base] = confs('10-x.conf')
  assertOne(chainProblems('', base, [], ['bridge']), 'PluginMissing', /10-x\.conf calls the plugin bridge/)
  assert.deepEqual(chainProblems('', base, [], []), [])
})

const POD_CIDR = mustParsePrefix('10.244.2.0/24')
const PATHS: readonly (readonly [PeerPath, CniProblem['code'], RegExp])[] = [
  [
    { kind: 'none', node: 'n2', podCidr: POD_CIDR, why: { code: 'NotOnLink', address: mustParseIp('10.9.9.9') } },
    'NoRouteToPeer',
    /Node n2 at 10\.9\.9\.9 is on no subnet/,
  ],
  [{ kind: 'none', node: 'n2', podCidr: POD_CIDR, why: { code: 'NoAddress' } }, 'NoRouteToPeer', /no InternalIP/],
  [
    { kind: 'none', node: 'n2', podCidr: POD_CIDR, why: { code: 'Clash', with: 'n1' } },
    'PodCidrClash',
    /10\.244\.2\.0\/24 of Node n2 is that of Node n1/,
  ],
]

for (const [path, code, words] of PATHS)
  test(`pathProblems() says ${code}: ${words.source}`, () => assertOne(pathProblems([path]), code, words))

test('pathProblems() has nothing to say of paths', () => {
  const via = mustParseIp('192.168.10.2')
  assert.deepEqual(pathProblems([{ kind: 'route', node: 'n2', podCidr: POD_CIDR, via, device: 'eth0' }]), [])
  assert.deepEqual(pathProblems([{ kind: 'tunnel', node: 'n2', podCidr: POD_CIDR, remote: via }]), [])
})

const ROUTE = { to: POD_CIDR, via: mustParseIp('192.168.10.2'), device: 'eth0', source: undefined }
const FAILURES: readonly (readonly [NetworkOp, CniProblem['code'], RegExp])[] = [
  [{ kind: 'addRoute', route: ROUTE }, 'RouteFailed', /route 10\.244\.2\.0\/24 via 192\.168\.10\.2 dev eth0: words/],
  [{ kind: 'createOverlay', portUdp: 8472, mtuBytes: 1450 }, 'OverlayFailed', /modprobe vxlan/],
  [
    { kind: 'createOverlay', portUdp: 4789, mtuBytes: 1450 },
    'OverlayFailed',
    /flannel\.1 has this port; set tunnelPort/,
  ],
  [{ kind: 'setMasquerade', ruleset: '' }, 'MasqueradeFailed', /modprobe nft_chain_nat/],
]

for (const [op, code, words] of FAILURES) {
  test(`planProblems() says ${code} when ${op.kind} fails: ${words.source}`, () => {
    const problems = planProblems({ ops: [op], taken: [] }, ['words'], [{ device: 'flannel.1', portUdp: 4789 }])
    assertOne(problems, code, words)
  })
}

test('planProblems() names the route that is in the way', () => {
  const there = { ...ROUTE, via: mustParseIp('192.168.10.99') }
  const problems = planProblems({ ops: [], taken: [{ wanted: ROUTE, there }] }, [], [])
  assertOne(problems, 'RouteTaken', /via 192\.168\.10\.2 dev eth0: there is .* via 192\.168\.10\.99/)
})
