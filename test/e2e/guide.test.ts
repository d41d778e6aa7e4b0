import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'
import { checkGuide } from './cluster-lab.ts'

const TOPOLOGIES: readonly (readonly [topology: string, what: string])[] = [
  ['talos-l2', 'with the values of the guide, unchanged'],
  ['plain', "beside kube-proxy with the chart's defaults"],
]

for (const [topology, what] of TOPOLOGIES) {
  test(`lab up --check walks the steps of guide T on ${topology}, ${what}, and leaves nothing behind`, async (t) => {
    const name = await testLabName(topology)
    const { exitCode, stdout, stderr } = await checkGuide(name, topology)
    assert.equal(exitCode, 0, `${stdout}\n${stderr}`)
    for (const line of stdout.split('\n').filter((each) => each.includes('was Ready'))) t.diagnostic(line.trim())
    assert.deepEqual(tracesOf(name), [])
  })
}
