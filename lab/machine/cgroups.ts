import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '#lab/process/wait.ts'
import { cgroup2Root, type Hierarchy } from './hierarchies.ts'
import { cgroupName } from './names.ts'

/** Makes the cgroup of a host in every hierarchy, so that it can be the root of the host's cgroup namespace. */
export function createHostCgroups(hierarchies: readonly Hierarchy[], lab: string, host: string): void {
  for (const hierarchy of hierarchies) {
    const parts = cgroupName(lab, host).split('/')
    parts.forEach((_, at) => {
      const folder = join(hierarchy.mountPoint, ...parts.slice(0, at + 1))
      mkdirSync(folder, { recursive: true })
      inheritCpus(folder)
      if (hierarchy.version === 2) delegateControllers(join(hierarchy.mountPoint, ...parts.slice(0, at)))
    })
  }
}

/** A new v1 cpuset is empty, and nothing can join it until it has processors and memory. */
function inheritCpus(folder: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = join(folder, file)
    const parent = join(folder, '..', file)
    if (!existsSync(own) || !existsSync(parent) || existsSync(join(folder, 'cgroup.type'))) continue
    if (readFileSync(own, 'utf8').trim() === '') writeFileSync(own, readFileSync(parent, 'utf8'))
  }
}

/**
 * What a kubelet uses. Where the machine's root does not give these to its children yet, it does from the first lab on: taking them
 * back later could take them from somebody else who has come to use them.
 */
const KUBELET_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids']

/** Lets the children of a cgroup2 folder use the controllers it has; a folder with processes of its own has to refuse, except the root. */
export function delegateControllers(folder: string): void {
  const there = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(' ')
  for (const controller of KUBELET_CONTROLLERS.filter((name) => there.includes(name))) {
    try {
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`)
    } catch {
      // a controller that this kernel gives to no child (or only without realtime processes) is missing in the lab as it is on the machine
    }
  }
}

/** Files to which a process writes its id to become part of the host; the cgroup2 folder below it is `leaf`, made here. */
export function joinFiles(
  hierarchies: readonly Hierarchy[],
  lab: string,
  host: string,
  leaf: string,
): readonly string[] {
  return hierarchies.map(({ version, mountPoint }) => {
    const folder = join(mountPoint, cgroupName(lab, host), version === 2 ? leaf : '')
    mkdirSync(folder, { recursive: true })
    return join(folder, 'cgroup.procs')
  })
}

/** The command line that becomes a member of cgroups (their `cgroup.procs`) and then runs `argv`. */
export function joining(files: readonly string[], argv: readonly string[]): readonly string[] {
  const script = 'for file in $JOIN; do echo 0 >"$file" || exit 125; done; unset JOIN; exec "$@"'
  return ['env', `JOIN=${files.join(' ')}`, 'sh', '-c', script, 'sh', ...argv]
}

/** Process ids in a cgroup folder and all below it; those in a deeper PID namespace have the number they have here. */
export function processesBelow(folder: string): readonly number[] {
  return foldersBelow(folder).flatMap((each) => {
    try {
      return readFileSync(join(each, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
    } catch {
      return [] // the folder went while we looked
    }
  })
}

/** Kills every process below a cgroup2 folder, waits until they are gone and removes the folder with all below it, in every hierarchy. */
export async function removeCgroups(hierarchies: readonly Hierarchy[], name: string): Promise<void> {
  const kill = join(cgroup2Root(hierarchies), name, 'cgroup.kill')
  if (existsSync(kill)) writeFileSync(kill, '1') // since Linux 5.14; without it, and what is in v1 alone, one by one
  const folders = hierarchies.map(({ mountPoint }) => join(mountPoint, name))
  await waitFor(() => folders.every(ended), { what: `the processes in ${name} to end`, boundMs: 20_000, everyMs: 20 })
  for (const folder of folders) {
    await waitFor(() => removed(folder), { what: `${folder} to be free`, boundMs: 10_000, everyMs: 20 })
  }
}

/** True when nothing runs below; what does in a v1 hierarchy (and is not in cgroup2 any more) is killed one by one. */
function ended(folder: string): boolean {
  const left = processesBelow(folder)
  for (const pid of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it ended by itself
    }
  }
  return left.length === 0
}

function removed(folder: string): boolean {
  for (const each of foldersBelow(folder).toReversed()) {
    try {
      rmdirSync(each)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false // a killed process may take a moment to be gone
    }
  }
  return !existsSync(folder)
}

/** A folder and all below it, parents first. */
function foldersBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  try {
    const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [folder, ...children.flatMap((entry) => foldersBelow(join(folder, entry.name)))]
  } catch {
    return [] // the folder went while we looked
  }
}
