import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKeys, formatTable } from './table.ts'

test('formatTable() leaves three spaces after the widest cell, at least five columns, none at the end of a line', () => {
  assert.equal(
    formatTable([
      ['ID', 'Frontend', 'Backend'],
      ['4', '10.0.0.1:80/TCP', ''],
    ]),
    'ID   Frontend          Backend\n4    10.0.0.1:80/TCP\n',
  )
})

test('formatTable() of nothing is nothing', () => {
  assert.equal(formatTable([]), '')
})

test('formatKeys() sets the keys in a column, and the values without one', () => {
  assert.equal(
    formatKeys([
      ['Node', 'cp1'],
      ['Devices', 'eth0', 'up'],
      ['Cgroup', 'none', ''],
    ]),
    'Node:      cp1\nDevices:   eth0   up\nCgroup:    none\n',
  )
})
