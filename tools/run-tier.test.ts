import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runTier } from './run-tier.ts'
import { type Tier, TIERS } from './tiers.ts'

/** Runs files of `testdata/run-tier`, which are no tests of ours. */
async function run(
  file: string,
  changes: Partial<Tier> = {},
): Promise<{ readonly counts: readonly number[]; readonly text: string }> {
  const lines: string[] = []
  const tier = { ...TIERS.scenario, globs: [`tools/testdata/run-tier/${file}`], ...changes }
  const { passed, failed, skipped } = await runTier(tier, (line) => void lines.push(line))
  return { counts: [passed, failed, skipped], text: lines.join('\n') }
}

for (const isolation of ['none', 'process'] as const) {
  test(`runTier() counts and shows why, with isolation ${isolation}`, async () => {
    const { counts, text } = await run('mixed.test.mjs', { isolation })
    assert.deepEqual(counts, [1, 1, 1])
    assert.match(text, /^SKIP skips .*: no helm$/m)
    assert.match(text, /^FAIL fails /m)
    assert.match(text, /1 !== 2/)
    assert.match(text, /^\| said before it failed$/m)
  })

  test(`runTier() fails for a file that cannot be loaded, with isolation ${isolation}`, async () => {
    const { counts, text } = await run('broken.test.mjs', { isolation })
    assert.deepEqual(counts, [0, 1, 0])
    assert.match(text, /gone\.mjs/)
  })
}

test('runTier() fails for a glob that matches nothing', async () => {
  assert.deepEqual((await run('nothing.test.mjs')).counts, [0, 1, 0])
})

test('runTier() fails for a file without a test', async () => {
  const { counts, text } = await run('empty.test.mjs')
  assert.deepEqual(counts, [0, 1, 0])
  assert.match(text, /holds no test/)
})

test('runTier() ends what goes on after its bound', async () => {
  const { counts, text } = await run('hangs.test.mjs', { boundMs: 500 })
  assert.deepEqual(counts, [0, 1, 0])
  assert.match(text, /ended after its bound of 0\.5 s/)
})
