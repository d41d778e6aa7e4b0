import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatLinkPin, type LinkPin, parseLinkPin } from './link-pins.ts'

const device: fc.Arbitrary<LinkPin> = fc.record(
  {
    kind: fc.constantFrom('tcx' as const, 'clsact' as const),
    ifindex: fc.integer({ min: 1, max: 0x7fff_ffff }),
    role: fc.constantFrom('lan' as const, 'overlay' as const),
    direction: fc.constantFrom('ingress' as const, 'egress' as const),
  },
  { noNullPrototype: true },
)
const cgroup: fc.Arbitrary<LinkPin> = fc.record(
  {
    kind: fc.constant('cgroup' as const),
    program: fc.constantFrom('balise_connect4', 'balise_getpeername4'),
    path: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text) => `/${text}`),
  },
  { noNullPrototype: true },
)

test('parseLinkPin() gives back what was formatted', () => {
  fc.assert(fc.property(fc.oneof(device, cgroup), (pin) => assert.deepEqual(parseLinkPin(formatLinkPin(pin)), pin)))
})

test('formatLinkPin() makes names that bpffs takes: no dot, no slash', () => {
  fc.assert(fc.property(cgroup, (pin) => assert.doesNotMatch(formatLinkPin(pin), /[./]/)))
})

test('formatLinkPin() writes names that people can read', () => {
  assert.equal(formatLinkPin({ kind: 'tcx', ifindex: 2, role: 'lan', direction: 'ingress' }), 'tcx-2-ingress')
  const overlay = { kind: 'clsact', ifindex: 9, role: 'overlay', direction: 'egress' } as const
  assert.equal(formatLinkPin(overlay), 'clsact-9-overlay-egress')
  const pin = { kind: 'cgroup', program: 'balise_connect4', path: '/sys/fs/cgroup' } as const
  assert.equal(formatLinkPin(pin), 'cgroup-balise_connect4-%2Fsys%2Ffs%2Fcgroup')
})

test('parseLinkPin() does not know the names of others, nor unfinished ones', () => {
  const names = [
    '',
    'tcx-0-ingress',
    'tcx-2-sideways',
    'tcx-2-lan-ingress',
    'tcx-2-overlay-',
    'new%tcx-2-ingress',
    'tcx-2-ingress-old',
    'cgroup-',
    'cgroup-x-%E0%A4%A',
    'cilium',
  ]
  for (const name of names) assert.equal(parseLinkPin(name), undefined, name)
})
