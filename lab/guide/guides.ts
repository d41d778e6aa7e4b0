import { LabError } from '#lab/state/lab-error.ts'
import type { GuideStep } from './step.ts'
import { TALOS_L2 } from './talos-l2/steps.ts'

const GUIDES: Readonly<Record<string, readonly GuideStep[]>> = { 'talos-l2': TALOS_L2 }

/** The steps that a topology names; none where it names no guide. */
export function guideSteps(name: string | undefined): readonly GuideStep[] {
  if (name === undefined) return []
  const steps = GUIDES[name]
  if (steps === undefined) throw new LabError(`No guide ${name}; there are ${Object.keys(GUIDES).join(', ')}`)
  return steps
}
