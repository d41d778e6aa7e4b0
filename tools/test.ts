/**
 * `npm test [-- TIER...]`: the checks and all tiers of tests, or those named. The last line is `N passed, N failed, N skipped`. Exit
 * code 1 when anything failed, when CI is set and anything was skipped, or when fewer tests ran than `test/floor.json` says.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from './checks.ts'
import { abortOnSignals, formatSeconds, ROOT, runCommand } from './command.ts'
import { runTier, type TierOutcome } from './run-tier.ts'
import { chooseStages, type StageName, summarise } from './test-summary.ts'
import { TIERS } from './tiers.ts'

const CHECK_BOUND_MS = 120_000
/** As a shell says it of SIGINT. */
const INTERRUPTED = 130

process.exitCode = await main(process.argv.slice(2))

async function main(names: readonly string[]): Promise<number> {
  const chosen = chooseStages(names)
  if (!chosen.ok) {
    console.error(chosen.error)
    return 2
  }
  const signal = abortOnSignals()
  const outcomes = new Map<StageName, TierOutcome>()
  for (const name of chosen.value) {
    console.log(`--- ${name}: ${name === 'check' ? 'types, style, layers, format' : TIERS[name].holds}`)
    const outcome =
      name === 'check'
        ? await runChecks(signal)
        : await runTier(TIERS[name], (line) => console.log(`  ${line}`), signal)
    const { passed, failed, skipped, durationMs } = outcome
    console.log(`  ${passed} passed, ${failed} failed, ${skipped} skipped in ${formatSeconds(durationMs)}`)
    outcomes.set(name, outcome)
    if (signal.aborted) return INTERRUPTED
  }
  const summary = summarise(outcomes, readFloor(), { ci: process.env['CI'] === 'true' })
  for (const line of summary.complaints) console.log(line)
  console.log(summary.lastLine)
  return summary.good ? 0 : 1
}

async function runChecks(signal: AbortSignal): Promise<TierOutcome> {
  const counts = { passed: 0, failed: 0, skipped: 0, durationMs: 0 }
  for (const { name, holds, argv } of CHECKS) {
    const outcome = await runCommand({ argv, boundMs: CHECK_BOUND_MS, signal })
    counts.durationMs += outcome.durationMs
    if (outcome.exitCode === 0) counts.passed += 1
    else {
      counts.failed += 1
      console.log(`  FAIL ${name} (${holds})`)
      console.log(outcome.output.trimEnd().replaceAll(/^/gm, '       '))
    }
  }
  return counts
}

/** The fewest tests of each stage; raised by hand when tests are added, so that none gets lost without a trace. */
function readFloor(): Readonly<Record<string, number>> {
  return JSON.parse(readFileSync(join(ROOT, 'test/floor.json'), 'utf8')) as Record<string, number>
}
