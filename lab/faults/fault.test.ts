import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Fault, FAULTS, parseFaultCommand } from './fault.ts'

const KNOWN = { hosts: ['infra', 'a', 'b', 'client'], nodes: ['a', 'b'] }
const parse = (line: string): Fault => parseFaultCommand(line.split(' '), KNOWN)

describe('parseFaultCommand()', () => {
  const good: readonly (readonly [line: string, fault: Fault])[] = [
    ['node-crash a', { kind: 'node-crash', host: 'a' }],
    ['node-restore a', { kind: 'node-restore', host: 'a' }],
    ['link-down client', { kind: 'link-down', host: 'client' }],
    ['link-up client', { kind: 'link-up', host: 'client' }],
    ['api-cut', { kind: 'api', fault: { kind: 'cut' }, hosts: ['a', 'b'] }],
    ['api-hang b', { kind: 'api', fault: { kind: 'hang' }, hosts: ['b'] }],
    ['api-delay 200 b', { kind: 'api', fault: { kind: 'delay', delayMs: 200 }, hosts: ['b'] }],
    ['api-status 429 a', { kind: 'api', fault: { kind: 'status', code: 429 }, hosts: ['a'] }],
    ['api-restore', { kind: 'api', fault: { kind: 'none' }, hosts: ['a', 'b'] }],
    ['agent-kill b', { kind: 'agent-kill', host: 'b' }],
    ['partition a client', { kind: 'partition', a: 'a', b: 'client' }],
    ['heal', { kind: 'heal' }],
  ]
  for (const [line, fault] of good) test(`reads "${line}"`, () => assert.deepEqual(parse(line), fault))

  test('knows every fault of the list', () => {
    const tried = new Set(good.map(([line]) => line.split(' ')[0]))
    assert.deepEqual(tried, new Set(FAULTS.map(([usage]) => usage.split(' ')[0])))
  })

  const bad: readonly (readonly [line: string, error: RegExp])[] = [
    ['boom', /No fault "boom"; there are/],
    ['node-crash', /node-crash takes one node: a, b/],
    ['node-crash client', /No node is called client; there are a, b/],
    ['partition a x', /No host is called x; there are/],
    ['link-down a b', /link-down takes one host/],
    ['api-delay', /api-delay takes milliseconds/],
    ['api-delay soon', /api-delay takes milliseconds/],
    ['api-status', /api-status takes one of 403, 409, /],
    ['api-status 200', /api-status takes one of/],
    ['partition a', /partition takes two hosts/],
    ['partition a a', /not a twice/],
    ['heal a', /heal takes nothing/],
  ]
  for (const [line, error] of bad) test(`refuses "${line}"`, () => assert.throws(() => parse(line), error))
})
