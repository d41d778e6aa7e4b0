/** Values that are written in another way than most, and are legal: what the chart makes of them must be taken by Kubernetes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects, render, type RenderedObject, WITHOUT_HELM } from './helm.ts'

const HELM_TEST = { skip: WITHOUT_HELM }

interface Template {
  readonly metadata: { readonly labels?: unknown; readonly annotations?: unknown }
  readonly spec: { readonly nodeSelector?: unknown; readonly imagePullSecrets?: unknown }
}

interface Workload {
  readonly strategy?: unknown
  readonly updateStrategy?: unknown
  readonly template: Template
}

/** What the chart renders to with values as JSON, by path. Two keys of one name in a map are refused here, as by Kubernetes. */
function objectsWith(values: Readonly<Record<string, unknown>>): readonly RenderedObject[] {
  const settings = Object.entries(values).map(([path, value]) => `${path}=${JSON.stringify(value)}`)
  return parseObjects(render(undefined, ...settings.flatMap((setting) => ['--set-json', setting])))
}

function workloadOf(objects: readonly RenderedObject[], kind: 'DaemonSet' | 'Deployment'): Workload {
  const found = objects.find((object) => object.kind === kind)
  assert.ok(found !== undefined)
  return found['spec'] as Workload
}

const ODD = { flag: true, count: 1, large: 12_345_678, part: 1.5, text: '1.0', none: null }
const TEXTS = { flag: 'true', count: '1', large: '12345678', part: '1.5', text: '1.0', none: '' }

test('annotations, labels and selectors of nodes are texts, whatever YAML made of them', HELM_TEST, () => {
  const objects = objectsWith({
    annotations: ODD,
    podAnnotations: ODD,
    nodeSelector: ODD,
    'operator.annotations': ODD,
    'operator.podAnnotations': ODD,
    'operator.nodeSelector': ODD,
    'serviceAccounts.cilium.annotations': ODD,
    commonLabels: { ours: 1 },
  })
  const os = { 'kubernetes.io/os': 'linux' }
  for (const kind of ['DaemonSet', 'Deployment'] as const) {
    const { metadata, spec } = workloadOf(objects, kind).template
    assert.deepEqual(metadata.annotations, TEXTS)
    assert.deepEqual(spec.nodeSelector, { ...TEXTS, ...os })
    const own = objects.find((object) => object.kind === kind)?.metadata as { readonly annotations?: unknown }
    assert.deepEqual(own.annotations, TEXTS)
  }
  const account = objects.find(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'balise')
  assert.ok(account !== undefined)
  assert.deepEqual((account.metadata as { readonly annotations?: unknown }).annotations, TEXTS)
  assert.ok(objects.every(({ metadata }) => metadata.labels?.['ours'] === '1'))
})

test('a label of pods goes before that of all objects, and neither before those of the chart', HELM_TEST, () => {
  const objects = objectsWith({
    commonLabels: { team: 'all', 'app.kubernetes.io/name': 'other', 'helm.sh/chart': 'other' },
    podLabels: { team: 'agents', 'app.kubernetes.io/component': 'other' },
    'operator.podLabels': { team: 'operators' },
  })
  for (const [kind, component, team] of [
    ['DaemonSet', 'agent', 'agents'],
    ['Deployment', 'operator', 'operators'],
  ] as const) {
    const labels = workloadOf(objects, kind).template.metadata.labels as Readonly<Record<string, string>>
    assert.deepEqual(
      [labels['app.kubernetes.io/name'], labels['app.kubernetes.io/component'], labels['team']],
      ['balise', component, team],
    )
    assert.match(labels['helm.sh/chart'] ?? '', /^balise-/)
    assert.equal(objects.find((object) => object.kind === kind)?.metadata.labels?.['team'], 'all')
  }
})

test('a strategy without rolling updates has no word about them, which Kubernetes refuses', HELM_TEST, () => {
  const objects = objectsWith({ 'operator.updateStrategy.type': 'Recreate', 'updateStrategy.type': 'OnDelete' })
  assert.deepEqual(workloadOf(objects, 'Deployment').strategy, { type: 'Recreate' })
  assert.deepEqual(workloadOf(objects, 'DaemonSet').updateStrategy, { type: 'OnDelete' })
})

test("a Secret with the registry's credentials may be given by its name alone", HELM_TEST, () => {
  const objects = objectsWith({ imagePullSecrets: ['one', { name: 'two' }] })
  const pod = objects.find(({ kind }) => kind === 'Pod')?.['spec'] as Template['spec']
  const specs = [pod, ...(['DaemonSet', 'Deployment'] as const).map((kind) => workloadOf(objects, kind).template.spec)]
  for (const spec of specs) assert.deepEqual(spec.imagePullSecrets, [{ name: 'one' }, { name: 'two' }])
})

test('null takes the defaults of resources, selectors and strategies away, and nothing else', HELM_TEST, () => {
  const objects = objectsWith({
    resources: null,
    nodeSelector: null,
    tolerations: null,
    affinity: null,
    updateStrategy: null,
  })
  const { template, updateStrategy } = workloadOf(objects, 'DaemonSet')
  assert.deepEqual([template.spec.nodeSelector, updateStrategy], [undefined, undefined])
  assert.equal(objects.length, parseObjects(render(undefined)).length)
})
