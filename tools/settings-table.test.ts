import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsTable } from './settings-table.ts'

test('settingsTable() shows defaults, and what must be set', () => {
  const rows = settingsTable([
    { env: 'A', type: 'x | y', fallback: 'x', sentence: 'First.' },
    { env: 'B', type: 'text', fallback: undefined, sentence: 'Second.' },
    { env: 'C', type: 'text', fallback: '', sentence: 'Third.' },
  ]).split('\n')
  assert.deepEqual(rows.slice(2), [
    '| `A` | x \\| y | `x` | First. |',
    '| `B` | text | must be set | Second. |',
    '| `C` | text |  | Third. |',
  ])
})
