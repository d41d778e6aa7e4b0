import { bringUp } from '#lab/cluster/bring-up.ts'
import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { Progress, seconds } from '#lab/progress.ts'
import { checkRequirements } from '#lab/requirements.ts'
import { claimLab } from '#lab/state/lab-state.ts'
import { takeDown } from '#lab/take-down.ts'
import { adjustTopology } from '#lab/topology/adjust.ts'
import { loadTopology } from '#lab/topology/load.ts'
import type { LabSize } from '#lab/topology/topology.ts'

export interface UpOptions {
  readonly topology: string
  readonly name: string | undefined
  readonly nodes: number | undefined
  readonly size: LabSize | undefined
  readonly bare: boolean
  readonly detach: boolean
  readonly check: boolean
}

/** Brings a lab up; gives the exit code. */
export async function up(options: UpOptions, write: (line: string) => void): Promise<number> {
  const topology = adjustTopology(loadTopology(options.topology), options)
  checkRequirements(topology.size)
  const hierarchies = readHierarchies()
  const claimed = claimLab(options.name ?? topology.name, topology)
  const progress = new Progress(write)
  try {
    await bringUp({ state: claimed, hierarchies, progress, signal: undefined })
  } catch (error) {
    await takeDown(claimed.name, hierarchies)
    throw error
  }
  progress.note(`lab ${claimed.name} is up after ${seconds(progress.elapsedMs)}`)
  return 0
}
