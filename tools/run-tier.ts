import { globSync } from 'node:fs'
import { formatSeconds, ROOT, runCommand } from './command.ts'
import { parseTestOutput, type TestEvent } from './test-events.ts'
import type { Tier } from './tiers.ts'

export interface TierOutcome {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly durationMs: number
}

/** Runs the tests of a tier and hands `print` a line for whatever is worth one, as it happens. Never throws for what tests do. */
export async function runTier(tier: Tier, print: (line: string) => void, signal?: AbortSignal): Promise<TierOutcome> {
  const files = globSync([...tier.globs], { cwd: ROOT }).toSorted()
  if (files.length === 0) {
    print(`FAIL ${tier.name}: no file matches ${tier.globs.join(', ')}`)
    return { passed: 0, failed: 1, skipped: 0, durationMs: 0 }
  }
  if (tier.needsRoot && process.getuid?.() !== 0) {
    print(`SKIP ${files.length} files of ${tier.name}: namespaces and BPF need root`)
    return { passed: 0, failed: 0, skipped: files.length, durationMs: 0 }
  }
  const counts = { passed: 0, failed: 0, skipped: 0 }
  let rest = ''
  let printed = ''
  const outcome = await runCommand({
    argv: [process.execPath, ...nodeArguments(tier), ...files],
    boundMs: tier.boundMs,
    ...(signal === undefined ? {} : { signal }),
    onOutput: (piece) => {
      const parsed = parseTestOutput(rest + piece)
      rest = parsed.rest
      printed += parsed.text
      for (const event of parsed.events) {
        counts[event.outcome] += 1
        if (tier.verbose || event.outcome !== 'passed') for (const line of describe(event)) print(line)
      }
    },
  })
  if (outcome.timedOut) {
    counts.failed += 1
    print(`FAIL ${tier.name} was ended after its bound of ${formatSeconds(tier.boundMs)}`)
    if (tier.needsRoot) print('     bin/balise lab down --all removes what it left behind')
  } else if (outcome.exitCode !== 0 && counts.failed === 0) {
    counts.failed += 1
    print(`FAIL ${tier.name} ended with code ${outcome.exitCode}, and no test said why`)
  }
  if (counts.failed > 0) for (const line of tail(printed)) print(`| ${line}`)
  return { ...counts, durationMs: outcome.durationMs }
}

function nodeArguments(tier: Tier): readonly string[] {
  return [
    '--test',
    `--test-isolation=${tier.isolation}`,
    `--test-timeout=${tier.testBoundMs}`,
    `--test-concurrency=${tier.concurrency}`,
    '--test-reporter=./tools/test-reporter.ts',
    '--test-reporter-destination=stdout',
  ]
}

const WORDS: { readonly [O in TestEvent['outcome']]: string } = { passed: 'ok  ', failed: 'FAIL', skipped: 'SKIP' }

function describe({ outcome, name, file, durationMs, detail }: TestEvent): readonly string[] {
  const reason = outcome === 'skipped' ? `: ${detail}` : ''
  const first = `${WORDS[outcome]} ${name} (${formatSeconds(durationMs)})${reason}`
  if (outcome !== 'failed') return [first]
  return [first, `     ${file}`, ...detail.split('\n').map((line) => `     ${line}`)]
}

/** What the tests printed, from its end: a whole log would hide the failure. */
const TAIL_LINES = 60

function tail(text: string): readonly string[] {
  const lines = text.trimEnd().split('\n')
  return text.trim() === '' ? [] : lines.slice(-TAIL_LINES)
}
