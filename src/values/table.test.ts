import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkValues, isMistake } from './check.ts'
import { CONTRADICTIONS, keysOf } from './contradictions.ts'
import type { Json } from './row.ts'
import { VALUE_TABLE } from './table.ts'
import { fits } from './types.ts'

const ROWS = [...VALUE_TABLE.rows.values()]

test('the table has every key of a chart of some thousand lines', () => {
  assert.ok(ROWS.length > 1200)
  for (const key of ['encryption.enabled', 'hubble.relay.tls.server.relayName', 'cni.chainingMode', 'tunnel'])
    assert.ok(VALUE_TABLE.rows.has(key), key)
})

test("every default of Cilium's chart fits the type of its row", () => {
  for (const row of ROWS) assert.ok(row.ciliumDefault === undefined || fits(row, row.ciliumDefault), row.key)
})

test("what Cilium's chart does by default is not refused, but for its image and SYS_MODULE", () => {
  const refused = ROWS.filter(({ key, ciliumDefault }) => {
    if (ciliumDefault === undefined || ciliumDefault === null) return false
    return checkValues(nested(key, ciliumDefault), VALUE_TABLE).some(isMistake)
  })
  assert.deepEqual(
    refused.map(({ key }) => key),
    ['image.repository', 'securityContext.capabilities.ciliumAgent'],
  )
})

test('every refusal says why and what to do, and every row says something', () => {
  for (const { key, note, refusal } of ROWS) {
    assert.ok(note.length > 10, key)
    assert.ok(refusal === undefined || (refusal.why !== '' && refusal.instead !== ''), key)
  }
})

test('no note ends like a sentence, for others follow it', () => {
  for (const { key, note } of ROWS) assert.doesNotMatch(note, /[.;:]$/, key)
})

test('every key of a contradiction has a row', () => {
  assert.ok(CONTRADICTIONS.length > 10)
  for (const key of CONTRADICTIONS.flatMap(keysOf)) assert.ok(VALUE_TABLE.rows.has(key), key)
})

function nested(key: string, value: Json): Json {
  return key.split('.').reduceRight<Json>((inner, segment) => ({ [segment]: inner }), value)
}
