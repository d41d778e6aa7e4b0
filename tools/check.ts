/** `npm run check`: everything that takes seconds and needs no root. Prints what failed; exit code 1 when anything did. */
import { CHECKS } from './checks.ts'
import { abortOnSignals, type CommandOutcome, formatSeconds, runCommand } from './command.ts'
import { runTier } from './run-tier.ts'
import { TIERS } from './tiers.ts'

const CHECK_BOUND_MS = 120_000

process.exitCode = await main()

async function main(): Promise<number> {
  const signal = abortOnSignals()
  const failed: string[] = []
  for (const { name, holds, argv } of CHECKS) {
    const outcome = await runCommand({ argv, boundMs: CHECK_BOUND_MS, signal })
    const good = outcome.exitCode === 0
    console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${holds}) ${formatSeconds(outcome.durationMs)}`)
    if (!good) failed.push(name)
    if (!good) console.log(indent(outcome))
  }
  const pure = await runTier(TIERS.pure, (line) => console.log(`     ${line}`), signal)
  const good = pure.failed === 0 && pure.passed > 0
  console.log(`${good ? 'ok  ' : 'FAIL'} pure tests (${pure.passed} passed) ${formatSeconds(pure.durationMs)}`)
  if (!good) failed.push('pure tests')
  console.log(failed.length === 0 ? 'Everything holds' : `Failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

function indent({ output, timedOut }: CommandOutcome): string {
  const text = timedOut ? `${output}\nended after ${CHECK_BOUND_MS / 1000} s` : output
  return text.trimEnd().replaceAll(/^/gm, '     ')
}
