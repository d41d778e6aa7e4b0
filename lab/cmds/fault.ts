import { inject } from '#lab/faults/inject.ts'
import { parseFaultCommand } from '#lab/faults/fault.ts'
import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { seconds } from '#lab/progress.ts'
import { chooseLab } from '#lab/state/lab-state.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'

/** Lets a fault happen in a lab; gives the line to print. */
export async function fault(name: string | undefined, words: readonly string[]): Promise<string> {
  const lab = chooseLab(name)
  const nodes = hostsOfRole(lab.topology, 'node').map((host) => host.name)
  const wanted = parseFaultCommand(words, { hosts: lab.topology.hosts.map((host) => host.name), nodes })
  const startedMs = performance.now()
  await inject(lab, wanted, readHierarchies())
  return `${words.join(' ')}: done in ${seconds(performance.now() - startedMs)}`
}
