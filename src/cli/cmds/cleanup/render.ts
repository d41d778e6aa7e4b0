import type { CleanupAnswer } from './run.ts'

/** A line for each step, then what is left and how many failed. */
export function renderCleanup({ dryRun, steps, left }: CleanupAnswer): string {
  const lines = steps.map(({ deed, outcome, error }) => {
    switch (outcome) {
      case 'planned':
        return `would ${deed}`
      case 'done':
        return `done: ${deed}`
      case 'failed':
        return `FAILED: ${deed}: ${error}`
    }
  })
  const failed = steps.filter(({ outcome }) => outcome === 'failed').length
  return [...lines, ...left.map((what) => `left: ${what}`), `${summary(dryRun, steps.length, failed)}\n`].join('\n')
}

function summary(dryRun: boolean, steps: number, failed: number): string {
  if (steps === 0) return 'Nothing of Balise is on this node'
  if (dryRun) return `${steps} steps, none of them done`
  return failed === 0
    ? `${steps} steps done`
    : `${failed} of ${steps} steps failed; run it again when the reason is gone`
}
