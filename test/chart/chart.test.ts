import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { AGENT_OPTIONS } from '#agents/agent/config.ts'
import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { BALISE_VERSION } from '#model/version.ts'
import { CHART, helm, notesOf, parseObjects, render, WITHOUT_HELM } from './helm.ts'

const HELM_TEST = { skip: WITHOUT_HELM }
const TESTDATA = join(import.meta.dirname, 'testdata')

/** Steps 2 and 3 of guide K. */
const GUIDE_K = [
  'bgp.enabled=true',
  'bgp.announce.loadbalancerIP=true',
  'bgp.announce.podCIDR=true',
  'sctp.enabled=true',
  'hubble.enabled=true',
  'hubble.metrics.enabled={dns,drop,tcp,flow,icmp,http}',
  'hubble.relay.enabled=true',
  'hubble.ui.enabled=true',
  'hubble.ui.service.type=LoadBalancer',
  'hubble.relay.service.type=LoadBalancer',
].flatMap((setting) => ['--set', setting])

test('helm lint --strict has nothing to say', HELM_TEST, () => {
  assert.match(helm('lint', '--strict', CHART), /0 chart\(s\) failed/)
})

/** By golden file: values of `values/`, and flags. */
const RENDERS: Readonly<Record<string, readonly [values: string | undefined, ...flags: readonly string[]]>> = {
  default: [undefined],
  'guide-t': ['guide-t'],
  k3s: ['k3s'],
  'guide-k': [undefined, ...GUIDE_K],
  homelab: ['homelab'],
  metallb: ['metallb'],
  changed: ['changed'],
  further: ['further'],
}

for (const [name, [values, ...flags]] of Object.entries(RENDERS)) {
  test(`helm template renders the golden file ${name}`, HELM_TEST, (t) => {
    const path = join(TESTDATA, `${name}.yaml`)
    t.assert.fileSnapshot(render(values, ...flags), path, { serializers: [(text: string) => text] })
  })
}

for (const [name, [values, ...flags]] of Object.entries(RENDERS)) {
  test(`the notes of ${name} say which values have no effect`, HELM_TEST, (t) => {
    const path = join(TESTDATA, `${name}.notes.txt`)
    t.assert.fileSnapshot(notesOf(values, ...flags), path, { serializers: [(text: string) => text] })
  })
}

test('the notes of guide K say that no route is announced', HELM_TEST, () => {
  assert.match(notesOf(undefined, ...GUIDE_K), /bgp\.enabled: BGP is not in this version: no route is announced/)
})

for (const values of [undefined, 'homelab']) {
  test(`no container is privileged or writes to its root with values ${values ?? 'by default'}`, HELM_TEST, () => {
    const text = render(values)
    assert.equal([...text.matchAll(/readOnlyRootFilesystem: true/g)].length, 3)
    assert.equal([...text.matchAll(/drop:\s+(- ALL|\[ALL\])/g)].length, 3)
    assert.doesNotMatch(text, /privileged: true|SYS_MODULE|kind: Secret/)
  })
}

test('every object bears the labels', HELM_TEST, () => {
  const objects = parseObjects(render('guide-t'))
  assert.equal(objects.length, 18)
  for (const { kind, metadata } of objects) {
    const labels = metadata.labels ?? {}
    const where = `${kind} ${metadata.name}`
    assert.equal(labels['app.kubernetes.io/name'], 'balise', where)
    assert.equal(labels['app.kubernetes.io/part-of'], 'balise', where)
    assert.equal(labels['app.kubernetes.io/version'], BALISE_VERSION, where)
    assert.match(labels['app.kubernetes.io/component'] ?? '', /^(agent|operator|test)$/, where)
  }
})

const ENVIRONMENTS = [
  { kind: 'DaemonSet', options: AGENT_OPTIONS, fewest: 8 },
  { kind: 'Deployment', options: OPERATOR_OPTIONS, fewest: 4 },
] as const

for (const { kind, options, fewest } of ENVIRONMENTS) {
  test(`every setting in the environment of the ${kind} is one that its process reads`, HELM_TEST, () => {
    const known = new Set<string>(Object.values(options).map(({ env }) => env))
    const object = parseObjects(render('changed')).find((candidate) => candidate.kind === kind)
    const names = [...JSON.stringify(object).matchAll(/"name":"(BALISE_\w+)"/g)].map(([, name]) => name ?? '')
    assert.ok(names.length >= fewest)
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    )
  })
}

test('chart, image and program are of one version', () => {
  const read = (path: string): string => readFileSync(path, 'utf8')
  const chart = parse(read(join(CHART, 'Chart.yaml'))) as { readonly version: string; readonly appVersion: string }
  const manifest = JSON.parse(read(join(CHART, '../../package.json'))) as { readonly version: string }
  assert.deepEqual([chart.version, chart.appVersion, manifest.version], Array(3).fill(BALISE_VERSION))
})

test('the chart brings the custom resources that agent and operator watch', () => {
  assert.deepEqual(readdirSync(join(CHART, 'crds')).toSorted(), [
    'ciliuml2announcementpolicies.yaml',
    'ciliumloadbalancerippools.yaml',
    'loadbalancerippoolpolicies.yaml',
  ])
})
