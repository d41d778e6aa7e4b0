import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { renderExplain, renderWhatIf } from './render.ts'
import { runExplain, runWhatIf as suppose, type ToldMove } from './run.ts'

const NOW_MS = Date.parse('2026-01-01T00:00:00Z')

function outsideWith(cluster: string, change = ''): Outside {
  const api = createFakeKubeApi({ nowMs: () => NOW_MS })
  for (const document of parseYaml(cluster)) {
    assert.ok(document.ok)
    api.put(document.value as KubeObject)
  }
  const never = (): never => assert.fail('not to be asked')
  return {
    askAgent: never,
    openMaps: never,
    openKube: async () => api,
    openNode: () => assert.fail('The node is left as it is'),
    readText: async () => change,
    nowMs: () => NOW_MS,
  }
}

/** The Deployment of the operator, with some of its settings. */
const operator = (environment: Readonly<Record<string, string>> = {}): string => {
  const env = Object.entries(environment).map(([name, value]) => ({ name, value }))
  const labels = { 'app.kubernetes.io/name': 'balise', 'app.kubernetes.io/component': 'operator' }
  const metadata = { name: 'balise-operator', namespace: 'kube-system', labels }
  const template = { spec: { containers: [{ name: 'operator', env }] } }
  return `---\n${JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template } })}\n`
}

async function runWhatIf(outside: Outside, paths: readonly string[]): Promise<readonly ToldMove[]> {
  return (await suppose(outside, { paths })).moves
}

const pool = (name: string, spec: string): string =>
  `---\napiVersion: cilium.io/v2\nkind: CiliumLoadBalancerIPPool\nmetadata: {name: ${name}}\nspec: {${spec}}\n`
const service = (name: string, held = '', annotations = ''): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default, annotations: {${annotations}}}
spec: {type: LoadBalancer, ipFamilies: [IPv4], ports: [{port: 80, protocol: TCP}]}
status: {loadBalancer: {ingress: [${held === '' ? '' : `{ip: ${held}}`}]}}
`

test('ipam explain tells what every pool answers', async () => {
  const pools = pool('off', 'blocks: [{cidr: 10.1.0.0/24}], disabled: true') + pool('on', 'blocks: [{start: 10.0.0.1}]')
  const outside = outsideWith(operator() + pools + service('web', '10.0.0.1') + service('www'))
  assert.equal(
    renderExplain(await runExplain(outside, 'web')),
    `Service default/web: 10.0.0.1 (satisfied)

IPv4: 10.0.0.1
POOL   ANSWER
off    is disabled
on     has 10.0.0.1, which the Service holds
`,
  )
  assert.equal(
    renderExplain(await runExplain(outside, 'default/www')),
    `Service default/www: <none> (out_of_ips)
No IPv4 address is free. Pool off is disabled; Pool on is full. Add addresses to a pool, or delete a Service of type LoadBalancer

IPv4: <none>
POOL   ANSWER
off    is disabled
on     is full
`,
  )
})

test('ipam explain tells who holds an address that is asked for', async () => {
  const asking = service('www', '', 'lbipam.cilium.io/ips: 10.0.0.1, lbipam.cilium.io/sharing-key: k')
  const outside = outsideWith(pool('on', 'blocks: [{start: 10.0.0.1}]') + service('web', '10.0.0.1') + asking)
  assert.match(
    renderExplain(await runExplain(outside, 'www')),
    /on {5}has it, but Service default\/web holds it: different sharing key/,
  )
})

test('ipam explain names no Service that there is not', async () => {
  await assert.rejects(runExplain(outsideWith(''), 'web'), CliError)
})

test('ipam what-if tells who would move, and writes nothing', async () => {
  const cluster = pool('on', 'blocks: [{start: 10.0.0.1, stop: 10.0.0.2}]') + service('web', '10.0.0.1')
  const change = pool('on', 'blocks: [{start: 10.0.0.2, stop: 10.0.0.3}]') + service('new')
  assert.equal(
    renderWhatIf(await runWhatIf(outsideWith(cluster, change), ['change.yaml'])),
    `SERVICE       FROM       TO         MESSAGE
default/new   <none>     10.0.0.2
default/web   10.0.0.1   10.0.0.3
`,
  )
  const grown = pool('on', 'blocks: [{start: 10.0.0.0, stop: 10.0.0.9}]')
  assert.equal(
    renderWhatIf(await runWhatIf(outsideWith(cluster, grown), ['-'])),
    'No Service would get another address\n',
  )
})

/** As users write Services: the API server fills in the families. */
const plain = (name: string, more = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {type: LoadBalancer, ports: [{port: 80}]${more}}\n`
const filled = (name: string, families: string, held: string, policy = 'SingleStack'): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default}
spec: {type: LoadBalancer, ipFamilies: [${families}], ipFamilyPolicy: ${policy}, ports: [{port: 80, protocol: TCP}]}
status: {loadBalancer: {ingress: [${held}]}}
`

test('ipam what-if knows the families that the API server fills in where a file names none', async () => {
  const pools = pool('on', 'blocks: [{cidr: "fd00::/124"}, {cidr: 10.0.0.0/28}]')
  const kubernetes = filled('kubernetes', 'IPv6', '').replace('type: LoadBalancer', 'type: ClusterIP')
  const six = filled('six', 'IPv6', '{ip: "fd00::3"}')
  const both = filled('both', 'IPv4, IPv6', '{ip: 10.0.0.3}, {ip: "fd00::4"}', 'PreferDualStack')
  const movesOf = async (cluster: string, change: string): Promise<unknown> =>
    (await runWhatIf(outsideWith(operator() + pools + cluster, change), ['x'])).map(({ service, to }) => [service, to])
  const cluster = kubernetes + six + both
  assert.deepEqual(await movesOf(cluster, plain('six') + plain('both')), [])
  assert.deepEqual(await movesOf(cluster, plain('new')), [['default/new', ['fd00::']]])
  assert.deepEqual(await movesOf(cluster, plain('six', ', ipFamilyPolicy: PreferDualStack')), [
    ['default/six', ['fd00::3', '10.0.0.0']],
  ])
  assert.deepEqual(await movesOf(kubernetes + six, plain('six', ', ipFamilyPolicy: PreferDualStack')), [])
  assert.deepEqual(await movesOf(cluster, plain('both', ', ipFamilyPolicy: SingleStack')), [
    ['default/both', ['10.0.0.3']],
  ])
  assert.deepEqual(await movesOf('', plain('new')), [['default/new', ['10.0.0.0']]])
})

test('ipam what-if tells what would not be as the change means it, although nobody moves for it', async () => {
  const cluster = operator() + pool('on', 'blocks: [{start: 10.0.0.1}]') + service('web', '10.0.0.1')
  const change = [
    pool('on', 'blocks: [{start: 10.0.0.9, stop: 10.0.0.1}]'),
    pool('alpha', 'blocks: [{start: 10.1.0.0, stop: 10.1.0.9}], disabled: true'),
    pool('beta', 'blocks: [{start: 10.2.0.1}, {start: 10.1.0.9}]'),
    service('lacks', '', 'lbipam.cilium.io/ips: 10.0.0.1'),
  ].join('')
  const { moves, remarks, assumed } = await suppose(outsideWith(cluster, change), { paths: ['x'] })
  assert.equal(
    renderWhatIf(moves, assumed, remarks),
    `No Service would get another address

CiliumLoadBalancerIPPool on: spec.blocks[0].start "10.0.0.9" is after stop 10.0.0.1: write the lower address as start and the higher as stop
Service default/lacks: No pool gives 10.0.0.1 to this Service. Pool alpha does not contain it; Pool beta does not contain it; Pool on has mistakes (kubectl describe of it lists them). Mend the mistakes of the pool, or ask for an address that is in the pool, or create a CiliumLoadBalancerIPPool
Pool beta would give out nothing, for 10.1.0.9 - 10.1.0.9 overlaps 10.1.0.0 - 10.1.0.9 of pool alpha
`,
  )
})

test('ipam what-if refuses kinds that have nothing to do with addresses', async () => {
  const change = 'kind: Deployment\nmetadata: {name: web}\n'
  await assert.rejects(runWhatIf(outsideWith('', change), ['x.yaml']), /x\.yaml has a Deployment/)
  await assert.rejects(runWhatIf(outsideWith(''), []), /No change is named/)
})

const METALLB = operator({ BALISE_ENABLE_METALLB: 'true' })
const ADDRESS_POOL = `---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: blue, namespace: metallb-system}
spec: {addresses: [10.2.0.1/32]}
`

test('ipam explain looks into pools of MetalLB as well', async () => {
  const { addresses, looks } = await runExplain(outsideWith(METALLB + ADDRESS_POOL + service('web', '10.2.0.1')), 'web')
  assert.deepEqual(addresses, ['10.2.0.1'])
  assert.deepEqual(
    looks.flatMap(({ pools }) => pools.map(({ pool: key }) => key)),
    ['metallb-system/blue'],
  )
})

test('ipam what-if takes an IPAddressPool', async () => {
  const moves = await runWhatIf(outsideWith(METALLB + service('web'), ADDRESS_POOL), ['change.yaml'])
  assert.deepEqual(
    moves.map((move) => [move.service, move.to]),
    [['default/web', ['10.2.0.1']]],
  )
})

const ON = pool('on', 'blocks: [{start: 10.0.0.1, stop: 10.0.0.2}]')

test('ipam explain takes the settings of the operator, and flags before them', async () => {
  const none = operator({ BALISE_DEFAULT_LB_SERVICE_IPAM: 'none' })
  const { reason, assumed } = await runExplain(outsideWith(none + ON + service('web')), 'web')
  assert.deepEqual([reason, assumed], ['otherClass', ''])
  const flags = { 'default-lb-service-ipam': ['lbipam'] }
  assert.equal((await runExplain(outsideWith(none + ON + service('web')), 'web', flags)).reason, 'satisfied')
  const off = { 'enable-lb-ipam': ['false'] }
  assert.equal((await runExplain(outsideWith(operator() + ON + service('web')), 'web', off)).reason, 'switchedOff')
})

test('ipam explain says so where it has to assume the settings of the operator', async () => {
  const text = renderExplain(await runExplain(outsideWith(ON + service('web')), 'web'))
  assert.match(text, /default settings, for the cluster has no operator of Balise: give others by flags/)
  const outside = outsideWith(operator() + ON + service('web'))
  const api = (await outside.openKube()) as ReturnType<typeof createFakeKubeApi>
  api.inject({ plural: 'deployments', outcome: { code: 'Forbidden', message: 'no right' } })
  assert.match((await runExplain(outside, 'web')).assumed, /cannot be read \(no right\)/)
})

test('ipam explain refuses settings that there are not, from a flag and from the operator', async () => {
  const flags = { 'default-lb-service-ipam': ['metallb'] }
  await assert.rejects(
    runExplain(outsideWith(operator()), 'web', flags),
    /--default-lb-service-ipam "metallb" is none of/,
  )
  const odd = operator({ BALISE_ENABLE_LB_IPAM: 'maybe' })
  await assert.rejects(runExplain(outsideWith(odd), 'web'), /BALISE_ENABLE_LB_IPAM of the operator "maybe" is none of/)
})

test('ipam explain leaves pools of MetalLB aside where the operator does, unless told by a flag', async () => {
  const outside = (): Outside => outsideWith(operator() + ADDRESS_POOL + service('web'))
  assert.deepEqual(
    (await runExplain(outside(), 'web')).looks.flatMap(({ pools }) => pools),
    [],
  )
  const { addresses } = await runExplain(outside(), 'web', { 'enable-metallb': ['true'] })
  assert.deepEqual(addresses, ['10.2.0.1'])
})

test('ipam what-if tells what deletions would do', async () => {
  const cluster = operator() + ON + service('a', '10.0.0.1') + service('b', '10.0.0.2') + service('c')
  const movesOf = async (...deleted: readonly string[]): Promise<string> =>
    renderWhatIf((await suppose(outsideWith(cluster), { paths: [], deleted })).moves)
  assert.equal(
    await movesOf('svc/a'),
    `SERVICE     FROM       TO         MESSAGE
default/a   10.0.0.1   <none>     It would be deleted
default/c   <none>     10.0.0.1
`,
  )
  assert.equal(await movesOf('Service/default/b'), (await movesOf('services/b')).toString())
  assert.match(
    await movesOf('ippool/on'),
    /default\/a +10\.0\.0\.1 +<none> +There is no pool to take an IPv4 address from/,
  )
})

test('ipam what-if refuses deletions of what is not there, is no object, or is applied as well', async () => {
  const deleting = (deleted: string, change = ''): Promise<unknown> =>
    suppose(outsideWith(operator() + ON + service('a'), change), {
      paths: change === '' ? [] : ['x'],
      deleted: [deleted],
    })
  await assert.rejects(deleting('service/z'), /There is no service\/z to delete/)
  await assert.rejects(deleting('ippool/off'), /There is no ippool\/off to delete/)
  for (const odd of ['a', 'node/a', 'service/', 'ippool/default/on', 'service/a/b/c']) {
    await assert.rejects(deleting(odd), /names no object/)
  }
  await assert.rejects(deleting('ippool/on', ON), /ippool\/on would be applied and deleted/)
})

const POLICY = `---
apiVersion: balise.io/v1alpha1
kind: LoadBalancerIPPoolPolicy
metadata: {name: rules}
spec: {reserved: [{address: 10.0.0.1, reason: router}], quotas: [{maxServices: 1}]}
`

test('ipam explain and what-if know policies of pools', async () => {
  const asking = service('asks', '', 'lbipam.cilium.io/ips: 10.0.0.1')
  const outside = outsideWith(operator() + ON + POLICY + service('a', '10.0.0.2') + service('b') + asking)
  assert.match(
    renderExplain(await runExplain(outside, 'asks')),
    /on +has it reserved by LoadBalancerIPPoolPolicy rules \(router\)/,
  )
  assert.match(
    renderExplain(await runExplain(outside, 'b')),
    /on +has no more for namespace default, at most 1 Service/,
  )
  const cluster = operator() + ON + service('a', '10.0.0.1')
  assert.deepEqual(await runWhatIf(outsideWith(cluster, POLICY + service('b')), ['x']), [], 'a keeps, b gets nothing')
  const { moves } = await suppose(outsideWith(operator() + ON + POLICY + service('a', '10.0.0.2') + service('b')), {
    paths: [],
    deleted: ['ippoolpolicy/rules'],
  })
  assert.deepEqual(
    moves.map((move) => [move.service, move.to]),
    [['default/b', ['10.0.0.1']]],
  )
})

test('ipam explain reads the settings of the operator with the right of its account alone, its own Deployment', async () => {
  const outside = outsideWith(operator({ BALISE_DEFAULT_LB_SERVICE_IPAM: 'none' }) + ON + service('web'))
  const api = (await outside.openKube()) as ReturnType<typeof createFakeKubeApi>
  api.inject({ verbs: ['list'], plural: 'deployments', outcome: { code: 'Forbidden', message: 'no right' } })
  const { reason, assumed } = await runExplain(outside, 'web')
  assert.deepEqual([reason, assumed], ['otherClass', ''])
})

test('ipam explain says of a Service that is left alone which class it is, and what to change', async () => {
  const messageOf = async (
    loadBalancerClass: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const web = service('web').replace(
      'type:',
      `${loadBalancerClass === '' ? '' : `loadBalancerClass: ${loadBalancerClass}, `}type:`,
    )
    return (await runExplain(outsideWith(operator(settings) + ON + web), 'web')).message
  }
  assert.match(
    await messageOf('example.com/x'),
    /^Its spec\.loadBalancerClass example\.com\/x is that of another controller: make/,
  )
  assert.match(await messageOf('io.cilium/node'), /with nodeIPAM\.enabled: true in the chart/)
  assert.match(
    await messageOf('', { BALISE_DEFAULT_LB_SERVICE_IPAM: 'none' }),
    /Services without a class \(defaultLBServiceIPAM: none\)/,
  )
})

test('ipam explain says it when the status does not show what an operator would give', async () => {
  const textOf = async (held: string): Promise<string> =>
    renderExplain(await runExplain(outsideWith(operator() + ON + service('web', held)), 'web'))
  assert.match(await textOf(''), /\nThe status of the Service does not show 10\.0\.0\.1 yet: .*does the operator run\?/)
  assert.doesNotMatch(await textOf('10.0.0.1'), /does the operator run/)
})
