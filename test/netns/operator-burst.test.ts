import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type ProxyFault, formatFault } from '#lab/proxy/fault.ts'
import { tracesOf } from '#lab/traces.ts'
import { writesBetween } from '#test/perf/api-writes.ts'
import { BurstLab } from './operator-burst-lab.ts'

/** A few times as many as are written at once, so that there is a middle. */
const BIG = 400
const SMALL = 80
/** Beyond the Lease of the leader, so that another leads by then. */
const PAUSE_MS = 1_000
const FAULTS: readonly ProxyFault[] = [
  { kind: 'status', code: 409 },
  { kind: 'status', code: 410 },
  { kind: 'status', code: 429 },
  { kind: 'cut' },
  { kind: 'hang' },
  { kind: 'delay', delayMs: 150 },
]
const FAULT_MS = 1_500

describe('operators in a burst of Services', () => {
  let lab: BurstLab
  let first = ''
  let second = ''
  before(async () => {
    lab = await BurstLab.open()
    ;[first = '', second = ''] = lab.nodes
  })
  after(async () => {
    await lab[Symbol.asyncDispose]()
    assert.deepEqual(tracesOf(lab.name), [])
  })

  /** Nobody has two addresses, no address has two Services, and so it was at every moment of the burst. */
  async function assertWhole(): Promise<void> {
    await lab.settled()
    const addresses = await lab.addresses()
    assert.equal(new Set(addresses.values()).size, addresses.size)
    assert.deepEqual(lab.wrongs, [])
  }

  test('one that is killed and started again goes on where it was', async () => {
    await lab.haveOperators(first)
    await lab.burst(BIG, () => {
      lab.signalOperator(first, 'SIGKILL')
      lab.startOperator(first)
      return Promise.resolve()
    })
    await assertWhole()
  })

  test('one that is started again when all is done writes nothing', async () => {
    await lab.haveOperators(first)
    await lab.burst(SMALL, () => Promise.resolve())
    await lab.settled()
    const before = await lab.quiet()
    const addresses = await lab.addresses()
    const leader = await lab.leader()
    const other = leader === first ? second : first
    lab.signalOperator(leader, 'SIGTERM')
    await lab.haveOperators(other)
    await lab.leader((node) => node === other)
    assert.deepEqual(writesBetween(before, await lab.quiet()), {})
    assert.deepEqual(await lab.addresses(), addresses)
  })

  test('another takes over from a leader that is killed', async () => {
    await lab.haveOperators(first, second)
    await lab.burst(BIG, async () => {
      const leader = await lab.leader()
      lab.signalOperator(leader, 'SIGKILL')
      assert.notEqual(await lab.leader((node) => node !== leader), leader)
      lab.startOperator(leader)
    })
    await assertWhole()
  })

  test('a leader that is stopped beyond its Lease writes nothing old when it goes on', async () => {
    await lab.haveOperators(first, second)
    await lab.burst(BIG, async () => {
      const leader = await lab.leader()
      lab.signalOperator(leader, 'SIGSTOP')
      await lab.leader((node) => node !== leader)
      await wait(PAUSE_MS)
      lab.signalOperator(leader, 'SIGCONT')
    })
    await assertWhole()
  })

  for (const fault of FAULTS) {
    test(`nothing is lost and nothing double with ${formatFault(fault)} between them and the API`, async () => {
      await lab.haveOperators(first, second)
      await lab.burst(SMALL, async () => {
        await lab.fault(fault)
        await wait(FAULT_MS)
        await lab.fault({ kind: 'none' })
      })
      await assertWhole()
    })
  }
})
