import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { AGENT_OPTIONS } from '#agents/agent/config.ts'
import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { BALISE_VERSION } from '#model/version.ts'
import { CHART, helm, parseObjects, render, WITHOUT_HELM } from './helm.ts'

const HELM_TEST = { skip: WITHOUT_HELM }
const TESTDATA = join(import.meta.dirname, 'testdata')

test('helm lint --strict has nothing to say', HELM_TEST, () => {
  assert.match(helm('lint', '--strict', CHART), /0 chart\(s\) failed/)
})

for (const values of [undefined, 'guide-t', 'changed']) {
  test(`helm template renders the golden file for values ${values ?? 'by default'}`, HELM_TEST, (t) => {
    const path = join(TESTDATA, `${values ?? 'default'}.yaml`)
    t.assert.fileSnapshot(render(values), path, { serializers: [(text: string) => text] })
  })
}

test('the notes name the values of guide T that have no effect', HELM_TEST, () => {
  const values = join(import.meta.dirname, 'values/guide-t.yaml')
  const notes = helm('install', 'balise', CHART, '--dry-run=client', '--namespace', 'kube-system', '--values', values)
  for (const name of ['gatewayAPI', 'ipam', 'cleanCiliumState'])
    assert.match(notes, RegExp(name))
})

const REFUSED: readonly (readonly [setting: string, names: RegExp])[] = [
  ['imgae.tag=x', /imgae/],
  ['l2announcements.leaseDuration=15', /leaseDuration/],
  ['l2announcements.leaseDuration=1s', /leaseDuration/],
  ['k8sServicePort=70000', /k8sServicePort/],
  ['logLevel=loud', /logLevel/],
  ['defaultLBServiceIPAM=nodes', /defaultLBServiceIPAM/],
  ['operator.replicas=0', /replicas/],
  ['securityContext.capabilities.ciliumAgent={SYS_MODULE}', /ciliumAgent/],
]

for (const [setting, names] of REFUSED) {
  test(`the schema refuses ${setting} and names it`, HELM_TEST, () => {
    assert.throws(
      () => render(undefined, '--set', setting),
      (error: Error & { stderr: string }) => names.test(error.stderr),
    )
  })
}

test('every object bears the labels', HELM_TEST, () => {
  const objects = parseObjects(render('guide-t'))
  assert.equal(objects.length, 12)
  for (const { kind, metadata } of objects) {
    const labels = metadata.labels ?? {}
    const where = `${kind} ${metadata.name}`
    assert.equal(labels['app.kubernetes.io/name'], 'balise', where)
    assert.equal(labels['app.kubernetes.io/part-of'], 'balise', where)
    assert.equal(labels['app.kubernetes.io/version'], BALISE_VERSION, where)
    assert.match(labels['app.kubernetes.io/component'] ?? '', /^(agent|operator)$/, where)
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
