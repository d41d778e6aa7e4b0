import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { renderExplain, renderWhatIf } from './render.ts'
import { runExplain, runWhatIf } from './run.ts'

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
  const outside = outsideWith(pools + service('web', '10.0.0.1') + service('www'))
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

test('ipam what-if refuses kinds that have nothing to do with addresses', async () => {
  const change = 'kind: Deployment\nmetadata: {name: web}\n'
  await assert.rejects(runWhatIf(outsideWith('', change), ['x.yaml']), /x\.yaml has a Deployment/)
  await assert.rejects(runWhatIf(outsideWith(''), []), /No change is named/)
})

const ADDRESS_POOL = `---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: blue, namespace: metallb-system}
spec: {addresses: [10.2.0.1/32]}
`

test('ipam explain looks into pools of MetalLB as well', async () => {
  const { addresses, looks } = await runExplain(outsideWith(ADDRESS_POOL + service('web', '10.2.0.1')), 'web')
  assert.deepEqual(addresses, ['10.2.0.1'])
  assert.deepEqual(
    looks.flatMap(({ pools }) => pools.map(({ pool: key }) => key)),
    ['metallb-system/blue'],
  )
})

test('ipam what-if takes an IPAddressPool', async () => {
  const moves = await runWhatIf(outsideWith(service('web'), ADDRESS_POOL), ['change.yaml'])
  assert.deepEqual(
    moves.map((move) => [move.service, move.to]),
    [['default/web', ['10.2.0.1']]],
  )
})
