import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFault, type ProxyFault, parseFault } from './fault.ts'

test('parseFault() is the inverse of formatFault()', () => {
  const faults: readonly ProxyFault[] = [
    { kind: 'none' },
    { kind: 'cut' },
    { kind: 'hang' },
    { kind: 'delay', delayMs: 200 },
    { kind: 'status', code: 429 },
  ]
  for (const fault of faults) assert.deepEqual(parseFault(formatFault(fault)), fault)
})

test('parseFault() refuses what is no fault', () => {
  for (const line of ['', 'delay', 'delay -1', 'delay 5 5', 'status', 'status 200', 'status 429 x', 'cut now', 'CUT'])
    assert.equal(parseFault(line), undefined, line)
})
