import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { draftsOf } from './draft.ts'
import { addressKey, createHoldings } from './holdings.ts'
import { DEFAULT_IPAM } from './ownership.ts'
import { claim, service, these } from './samples.fake.ts'
import { createUsage } from './usage.ts'
import { concernedBy, createWaiting, enter, leave } from './waiting.ts'

test('concernedBy() finds more Services that wait for one address than a call takes arguments', () => {
  const holdings = createHoldings()
  const usage = createUsage([], { pools: [], conflicts: new Map() }, undefined)
  const waiting = createWaiting([], holdings, usage)
  const claims = Array.from({ length: 150_000 }, (_, index) => claim(service(`s${index}`), these('10.0.0.1')))
  const drafts = draftsOf(claims, { anyPool: true, settings: DEFAULT_IPAM, namespaces: undefined }, new Map())
  const wanted = mustParseIp('10.0.0.1')
  for (const draft of drafts) {
    draft.refusals.push({ code: 'already_allocated', wanted, by: { holder: 'default/a' } })
    enter(waiting, draft)
  }
  const journal = { addresses: new Map([[addressKey(wanted), wanted]]), keys: new Set<string>() }
  const { all } = concernedBy(waiting, journal, new Set(), () => undefined)
  assert.equal(all.length, 150_000)
  assert.equal(waiting.count, 150_000)
  for (const draft of drafts) leave(waiting, draft)
  assert.equal(waiting.count, 0)
  assert.equal(waiting.byAddress.size, 0)
})
