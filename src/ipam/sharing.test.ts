import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SharingRequest } from '#model/service-request.ts'
import type { Service } from '#model/service.ts'
import { clashIn, createHousehold, moveIn } from './household.ts'
import { ports, service, sharing } from './samples.fake.ts'
import { formatIncompatibility, incompatibility, type Tenant, tenantOf } from './sharing.ts'

interface Side extends Partial<Service> {
  readonly share?: Partial<SharingRequest>
}

function tenant(name: string, { share, ...fields }: Side): Tenant {
  return tenantOf(service(name, fields), sharing('k', share).sharing)
}

const A = ports('TCP/80')
const B = ports('TCP/81')
const LOCAL = { externalTrafficPolicy: 'Local' } as const
const WEB = { selector: { app: 'web' } }
const API = { selector: { app: 'api' } }
const PODS = { share: { differentPods: true } }

const RULES: readonly { readonly name: string; readonly a: Side; readonly b: Side; readonly answer: string }[] = [
  { name: 'different ports', a: A, b: B, answer: 'yes' },
  { name: 'no ports at all', a: {}, b: {}, answer: 'yes' },
  { name: 'one port, two protocols', a: A, b: ports('UDP/80'), answer: 'yes' },
  {
    name: 'one port and protocol',
    a: ports('TCP/79', 'TCP/80'),
    b: A,
    answer: 'same port and protocol (TCP 80): change the port of one of them',
  },
  {
    name: 'another key',
    a: A,
    b: { ...B, share: { key: 'x' } },
    answer:
      'different sharing key: give both Services the same lbipam.cilium.io/sharing-key, or ask for another address',
  },
  {
    name: 'another namespace',
    a: A,
    b: { ...B, namespace: 'shop' },
    answer:
      'different and not permitted namespace: name shop in lbipam.cilium.io/sharing-cross-namespace of Service default/a; both must permit each other',
  },
  {
    name: 'another namespace, allowed by one side',
    a: { ...A, share: { namespaces: ['shop'] } },
    b: { ...B, namespace: 'shop' },
    answer:
      'different and not permitted namespace: name default in lbipam.cilium.io/sharing-cross-namespace of Service shop/b; both must permit each other',
  },
  {
    name: 'another namespace, allowed by both sides',
    a: { ...A, share: { namespaces: ['shop'] } },
    b: { ...B, namespace: 'shop', share: { namespaces: 'all' } },
    answer: 'yes',
  },
  {
    name: 'another traffic policy',
    a: { ...A, ...LOCAL, ...WEB },
    b: { ...B, ...WEB },
    answer: 'different ExternalTrafficPolicy: set the same externalTrafficPolicy in both',
  },
  {
    name: 'Local without a selector',
    a: { ...A, ...LOCAL },
    b: { ...B, ...LOCAL },
    answer:
      'ExternalTrafficPolicy local but a service has no selector: give it one, or set externalTrafficPolicy: Cluster in both',
  },
  {
    name: 'Local and other pods',
    a: { ...A, ...LOCAL, ...WEB },
    b: { ...B, ...LOCAL, ...API, ...PODS },
    answer:
      'ExternalTrafficPolicy local but selecting different set of pods: select the same pods, set externalTrafficPolicy: Cluster in both, or set lbipam.cilium.io/sharing-permit-different-pods: "true" on both',
  },
  {
    name: 'Local and other pods, permitted by both',
    a: { ...A, ...LOCAL, ...WEB, ...PODS },
    b: { ...B, ...LOCAL, ...API, ...PODS },
    answer: 'yes',
  },
  { name: 'Local and the same pods', a: { ...A, ...LOCAL, ...WEB }, b: { ...B, ...LOCAL, ...WEB }, answer: 'yes' },
  { name: 'Cluster and other pods', a: { ...A, ...WEB }, b: { ...B, ...API }, answer: 'yes' },
]

for (const { name, a, b, answer } of RULES) {
  test(`incompatibility() of two Services with ${name}: ${answer.split(':')[0]}`, () => {
    const one = tenant('a', a)
    const other = tenant('b', b)
    const reason = incompatibility(one, other)
    assert.equal(reason === undefined ? 'yes' : formatIncompatibility(reason), answer)
    assert.equal(incompatibility(other, one)?.code, reason?.code, 'it must be the same from the other side')
  })

  test(`clashIn() judges as incompatibility() does: ${name}`, () => {
    const household = createHousehold()
    moveIn(household, tenant('b', b))
    const clash = clashIn(household, tenant('a', a))
    assert.deepEqual(clash?.reason, incompatibility(tenant('a', a), tenant('b', b)))
  })
}

test('incompatibility() lets nobody share with who does not ask for it', () => {
  const loner = tenantOf(service('loner', A), undefined)
  assert.equal(incompatibility(loner, tenant('b', B))?.code, 'differentSharingKey')
  assert.equal(incompatibility(tenant('b', B), loner)?.code, 'differentSharingKey')
  assert.equal(incompatibility(loner, tenantOf(service('other', B), undefined))?.code, 'differentSharingKey')
})
