import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_DUMP } from '#cli/sample-maps.ts'
import { chooseLbView, LB_VIEWS, type LbViewName, lbDumpForMachines, renderLbRows } from './render.ts'

test('every view of the maps is sorted by number and has its own headings', (t) => {
  const views = Object.keys(LB_VIEWS) as LbViewName[]
  assert.equal(views.length, 4)
  for (const name of views) {
    const { headings, rows } = LB_VIEWS[name]
    assertGolden(t, import.meta.dirname, `${name}.txt`, renderLbRows(headings, rows(SAMPLE_DUMP)))
  }
})

test('lbDumpForMachines() has a list by service address', () => {
  assert.deepEqual((lbDumpForMachines(SAMPLE_DUMP) as Record<string, unknown>)['192.168.10.75:80/TCP (1)'], [
    '10.244.2.98:80/TCP (20) (1)',
  ])
})

test('chooseLbView() refuses two flags', () => {
  assert.throws(() => chooseLbView({ backends: true, revnat: true }), /--backends and --revnat exclude each other/)
})

test('chooseLbView() shows all when no flag is set', () => {
  assert.equal(chooseLbView({}), 'all')
  assert.equal(chooseLbView({ backends: true }), 'backends')
})
