import { err, ok, type Result } from '#model/result.ts'
import type { TierOutcome } from './run-tier.ts'
import type { TierName } from './tiers.ts'

/** The checks come first, then the tiers, the quick ones before the slow. */
export const STAGES = [
  'check',
  'pure',
  'scenario',
  'chart',
  'go',
  'packets',
  'netns',
  'e2e',
] as const satisfies readonly ('check' | TierName)[]
export type StageName = (typeof STAGES)[number]

/** The stages that the user named, in our order; all when he named none. */
export function chooseStages(names: readonly string[]): Result<readonly StageName[], string> {
  const unknown = names.filter((name) => !STAGES.some((stage) => stage === name))
  if (unknown.length > 0) return err(`No tier is called ${unknown.join(', ')}: there are ${STAGES.join(', ')}`)
  return ok(names.length === 0 ? STAGES : STAGES.filter((stage) => names.includes(stage)))
}

export interface Summary {
  readonly good: boolean
  readonly complaints: readonly string[]
  readonly lastLine: string
}

/** Judges a run: failures, skips where none is allowed, and stages in which fewer tests ran than the floor. */
export function summarise(
  outcomes: ReadonlyMap<StageName, TierOutcome>,
  floor: Readonly<Record<string, number>>,
  { ci }: { readonly ci: boolean },
): Summary {
  const sum = (field: 'passed' | 'failed' | 'skipped'): number =>
    [...outcomes.values()].reduce((total, outcome) => total + outcome[field], 0)
  const complaints = [...outcomes].flatMap(([name, outcome]) => belowFloor(name, outcome, floor[name]))
  if (ci && sum('skipped') > 0) complaints.push('A skipped test is a failure in CI, which has all the tools')
  return {
    good: complaints.length === 0 && sum('failed') === 0,
    complaints,
    lastLine: `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`,
  }
}

/** A skipped test counts as there: that it did not run is said elsewhere. A tier that was skipped file by file is not judged. */
function belowFloor(name: StageName, { passed, failed, skipped }: TierOutcome, floor: number | undefined): string[] {
  if (floor === undefined) return [`test/floor.json has no number for ${name}`]
  const seen = passed + failed + skipped
  const skippedWhole = passed + failed === 0 && skipped > 0
  return seen >= floor || skippedWhole ? [] : [`${name}: ${seen} tests ran, and the floor is ${floor}`]
}
