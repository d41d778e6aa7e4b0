import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAgo, formatDuration } from './duration.ts'

test('formatDuration() writes the two greatest units', () => {
  const table: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [999, '0s'],
    [12_000, '12s'],
    [60_000, '1m'],
    [192_500, '3m12s'],
    [7_200_000, '2h'],
    [187_200_000, '2d4h'],
  ]
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text)
})

test('formatAgo() says never for what never was', () => {
  assert.equal(formatAgo(null, 0), 'never')
  assert.equal(formatAgo('1970-01-01T00:00:00Z', 5000), '5s ago')
})
