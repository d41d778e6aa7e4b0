import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeCgroups } from '#lab/machine/cgroups.ts'
import { cgroup2Root, type Hierarchy } from '#lab/machine/hierarchies.ts'
import { cgroupName, netnsName, SWITCH } from '#lab/machine/names.ts'
import { run } from '#lab/process/run.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { labNames } from '#lab/state/lab-state.ts'
import { isLabName, labDir, labPath, STATE_ROOT } from '#lab/state/paths.ts'

const NETNS = '/run/netns'

/**
 * Takes a lab down, whatever is left of it: its processes by their cgroup (mounts and pinned eBPF objects go with the namespaces that
 * they live in), its network namespaces, its cgroups, its folder. What is not there is no error.
 */
export async function takeDown(lab: string, hierarchies: readonly Hierarchy[]): Promise<void> {
  const folder = labDir(lab) // first of all, for it refuses what is no name
  await removeCgroups(hierarchies, cgroupName(lab))
  for (const netns of netnsOf(lab)) await run(['ip', 'netns', 'del', netns])
  removeFolder(folder)
  dropEmptyParents(hierarchies)
}

/** Every lab that left a folder, a cgroup or a namespace on this machine. */
export async function takeDownAll(hierarchies: readonly Hierarchy[]): Promise<readonly string[]> {
  const unified = join(cgroup2Root(hierarchies), cgroupName(''))
  const labs = [...new Set([...labNames(), ...foldersIn(unified).filter(isLabName)])].sort()
  for (const lab of labs) await takeDown(lab, hierarchies)
  const left = existing(NETNS).filter((name) => name.startsWith('bl-'))
  for (const netns of left) await run(['ip', 'netns', 'del', netns])
  dropEmptyParents(hierarchies)
  return labs
}

/** The namespaces of a lab that are there: one for each host that it has a folder of, and the switch. */
function netnsOf(lab: string): readonly string[] {
  const names = new Set([SWITCH, ...existing(labPath(lab, 'hosts'))].map((host) => netnsName(lab, host)))
  return existing(NETNS).filter((name) => names.has(name))
}

/** Never removes through a mount: something that is still mounted below would lose its files. */
function removeFolder(folder: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  const below = mounts.filter((point) => point.startsWith(`${folder}/`))
  if (below.length > 0)
    throw new LabError(
      `Not removed: ${folder} has mounts in it (${below.join(', ')}); unmount them and take the lab down again`,
    )
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function dropEmptyParents(hierarchies: readonly Hierarchy[]): void {
  const parents = [...hierarchies.map(({ mountPoint }) => join(mountPoint, 'balise-lab')), STATE_ROOT]
  for (const parent of parents) {
    try {
      rmdirSync(parent)
    } catch {
      // another lab is in it, or it never was
    }
  }
}

function existing(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}
