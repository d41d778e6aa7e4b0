import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MapLayout } from './bpf-error.ts'
import { sameLayout } from './map-layout.ts'

const LAYOUT: MapLayout = { type: 1, keyLengthOctets: 4, valueLengthOctets: 8, maxEntries: 16, flags: 1 }

test('sameLayout() minds everything that a program relies on', () => {
  assert.equal(sameLayout(LAYOUT, { ...LAYOUT }), true)
  for (const field of ['type', 'keyLengthOctets', 'valueLengthOctets', 'maxEntries', 'flags'] as const)
    assert.equal(sameLayout(LAYOUT, { ...LAYOUT, [field]: 99 }), false, field)
})
