import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './table.ts'

test('formatTable() makes columns as wide as their widest cell, and nothing after the last', () => {
  assert.deepEqual(
    formatTable(
      ['A', 'LONG', 'B'],
      [
        ['aa', 'x', ''],
        ['a', 'y', 'bb'],
      ],
    ),
    ['A    LONG   B', 'aa   x', 'a    y      bb'],
  )
})
