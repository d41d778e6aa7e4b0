import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesBelow } from '#lab/machine/cgroups.ts'
import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { cgroupName } from '#lab/machine/names.ts'
import { labDir } from '#lab/state/paths.ts'

/** Everything on this machine that bears a lab's name: namespaces, cgroups and processes in them, mounts, folder, command lines. Sorted. */
export function tracesOf(lab: string): readonly string[] {
  const netns = namesIn('/run/netns').filter((name) => name.startsWith(`bl-${lab}-`))
  const cgroups = readHierarchies().map(({ mountPoint }) => join(mountPoint, cgroupName(lab)))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...netns.map((name) => `network namespace ${name}`),
    ...cgroups.filter((folder) => existsSync(folder)).map((folder) => `cgroup ${folder}`),
    ...cgroups.flatMap((folder) => processesBelow(folder).map((pid) => `process ${pid} in ${folder}`)),
    ...mounts.filter((line) => line.includes(`${labDir(lab)}/`)).map((line) => `mount ${line.split(' ')[4]}`),
    ...(existsSync(labDir(lab)) ? [`folder ${labDir(lab)}`] : []),
    ...commandsNaming(`${labDir(lab)}/`).map((command) => `process ${command}`),
  ].sort((a, b) => (a < b ? -1 : 1))
}

function commandsNaming(text: string): readonly string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return command.includes(text) ? [`${pid} ${command}`] : []
      } catch {
        return [] // it ended while we looked
      }
    })
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
