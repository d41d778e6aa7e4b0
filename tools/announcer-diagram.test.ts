import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announcerDiagram } from './announcer-diagram.ts'

test('announcerDiagram() shows how an address is taken, given up and yielded', () => {
  const lines = announcerDiagram().split('\n')
  for (const edge of [
    '  Standby --> Announcing: Won / put, garp',
    '  Announcing --> Standby: Lost / delete',
    '  Announcing --> Yielded: Conflict, Lease stale / delete',
    '  Yielded --> Standby: LeaseConfirmed',
  ]) {
    assert.ok(lines.includes(edge), edge)
  }
})
