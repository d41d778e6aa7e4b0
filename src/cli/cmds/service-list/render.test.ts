import { test } from 'node:test'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_SERVICES } from '#cli/sample-answers.ts'
import { renderServiceList, serviceListForMachines } from './render.ts'

test('renderServiceList() is the table of the guide, with what is not done below it', (t) => {
  assertGolden(t, import.meta.dirname, 'service-list.txt', renderServiceList(SAMPLE_SERVICES))
})

test('serviceListForMachines() is the REST model', (t) => {
  const text = `${JSON.stringify(serviceListForMachines(SAMPLE_SERVICES), null, 2)}\n`
  assertGolden(t, import.meta.dirname, 'service-list.json', text)
})
