import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'

/** The definition of CiliumLoadBalancerIPPool, against what Cilium's own says (pkg/k8s/apis/cilium.io/v2/lbipam_types.go). */
interface Version {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly subresources: unknown
  readonly additionalPrinterColumns: readonly {
    readonly name: string
    readonly type: string
    readonly jsonPath: string
  }[]
  readonly schema: { readonly openAPIV3Schema: Schema }
}

interface Schema {
  readonly required?: readonly string[]
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

const { spec } = parse(
  readFileSync(new URL('../../chart/balise/crds/ciliumloadbalancerippools.yaml', import.meta.url), 'utf8'),
) as { readonly spec: { readonly scope: string; readonly names: unknown; readonly versions: readonly Version[] } }

test('the definition of pools has the names and versions of Cilium', () => {
  assert.equal(spec.scope, 'Cluster')
  assert.deepEqual(spec.names, {
    kind: 'CiliumLoadBalancerIPPool',
    listKind: 'CiliumLoadBalancerIPPoolList',
    plural: 'ciliumloadbalancerippools',
    singular: 'ciliumloadbalancerippool',
    shortNames: ['ippools', 'ippool', 'lbippool', 'lbippools'],
    categories: ['cilium'],
  })
  const versions = spec.versions.map(({ name, served, storage, deprecated = false }) => ({
    name,
    served,
    storage,
    deprecated,
  }))
  assert.deepEqual(versions, [
    { name: 'v2', served: true, storage: true, deprecated: false },
    { name: 'v2alpha1', served: true, storage: false, deprecated: true },
  ])
})

for (const { name, subresources, additionalPrinterColumns, schema } of spec.versions) {
  test(`kubectl get shows of a pool in ${name} what Cilium shows`, () => {
    assert.deepEqual(subresources, { status: {} })
    assert.deepEqual(
      additionalPrinterColumns.map(({ name: column, type, jsonPath }) => `${column} ${type} ${jsonPath}`),
      [
        'Disabled boolean .spec.disabled',
        'Conflicting string .status.conditions[?(@.type=="cilium.io/PoolConflict")].status',
        'IPs Available string .status.conditions[?(@.type=="cilium.io/IPsAvailable")].message',
        'Age date .metadata.creationTimestamp',
      ],
    )
  })

  test(`a pool in ${name} keeps every field that manifests of any version of Cilium have`, () => {
    const { required = [], properties = {} } = schema.openAPIV3Schema
    assert.deepEqual(required, ['metadata', 'spec'])
    const fields = properties['spec']?.properties ?? {}
    const expected = ['allowFirstLastIPs', 'blocks', 'cidrs', 'disabled', 'serviceSelector']
    assert.deepEqual(Object.keys(fields).toSorted(), expected)
    assert.deepEqual(Object.keys(fields['blocks']?.items?.properties ?? {}).toSorted(), ['cidr', 'start', 'stop'])
    assert.deepEqual(Object.keys(fields['cidrs']?.items?.properties ?? {}), ['cidr'])
    assert.deepEqual(fields['allowFirstLastIPs']?.enum, ['Yes', 'No'])
    assert.equal(fields['disabled']?.default, false)
    const selector = fields['serviceSelector']?.properties ?? {}
    assert.deepEqual(Object.keys(selector).toSorted(), ['matchExpressions', 'matchLabels'])
    const condition = properties['status']?.properties?.['conditions']?.items?.properties ?? {}
    assert.equal(condition['message']?.maxLength, 32_768)
  })
}
