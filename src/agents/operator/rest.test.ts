import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, settle } from '#ports/clock.fake.ts'
import { lookAndRest } from './rest.ts'

/** A look that takes so long by this clock. */
function lookOf(tookMs: number) {
  const clock = createFakeClock()
  let skippedMs = 0
  const skipping = { ...clock, monotonicMs: () => clock.monotonicMs() + skippedMs }
  const look = (): string => {
    skippedMs += tookMs
    return 'seen'
  }
  let answer: string | undefined
  const looking = lookAndRest(look, skipping, new AbortController().signal).then((seen) => (answer = seen))
  return { clock, looking, answer: () => answer }
}

test('lookAndRest() answers at once after a short look', async () => {
  const { answer, looking } = lookOf(5)
  await looking
  assert.equal(answer(), 'seen')
})

test('lookAndRest() rests nine times as long as a long look took', async () => {
  const { clock, answer, looking } = lookOf(40)
  await settle()
  await clock.advance(359)
  assert.equal(answer(), undefined)
  await clock.advance(1)
  await looking
  assert.equal(answer(), 'seen')
})
