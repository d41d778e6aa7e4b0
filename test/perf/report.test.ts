import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderTable, rowsOf, type Series } from './report.ts'

const series = (contender: string, packetsPerSecond: readonly number[], firstP50Ns: readonly number[]): Series => ({
  contender,
  label: contender,
  services: 1,
  packetsPerSecond,
  firstP50Ns,
  firstP99Ns: firstP50Ns,
  secondP50Ns: firstP50Ns,
  lostFlows: 0,
})

test('rowsOf() gives ratios run by run: rate above 1 and latency below 1 speak for Balise', () => {
  const rows = rowsOf([series('balise', [200, 400], [10, 20]), series('other', [100, 200], [20, 40])], {
    reference: 'balise',
    baseline: 'balise',
  })
  assert.equal(rows[1]?.baliseRateRatio.median, 2)
  assert.equal(rows[1]?.baliseFirstRatio.median, 0.5)
  assert.equal(rows[0]?.baliseRateRatio.median, 1)
})

test('rowsOf() refuses series without the one to compare with', () => {
  assert.throws(
    () => rowsOf([series('other', [1], [1])], { reference: 'balise', baseline: 'balise' }),
    /No series of balise/,
  )
})

test('renderTable() has one line a row, below its head', () => {
  const rows = rowsOf([series('balise', [1e6], [15_000])], { reference: 'balise', baseline: 'balise' })
  assert.equal(renderTable(rows).split('\n').length, 3)
  assert.match(renderTable(rows), /\| 1 \| balise \| 1\.000 \| 1000 \| 0 \| 1\.00 \(1\.00\.\.1\.00\) \| 15\.0 \|/)
})
