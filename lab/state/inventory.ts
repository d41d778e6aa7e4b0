import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatIp } from '#model/ip.ts'
import { processesBelow } from '#lab/machine/cgroups.ts'
import { cgroup2Root, type Hierarchy } from '#lab/machine/hierarchies.ts'
import { machinePid } from '#lab/machine/machine.ts'
import { cgroupName, macOf, netnsName } from '#lab/machine/names.ts'
import type { HostRole } from '#lab/topology/topology.ts'
import type { LabState } from './lab-state.ts'

export interface HostEntry {
  readonly name: string
  readonly role: HostRole
  readonly address: string
  readonly mac: string
  readonly netns: string
  /** PID 1 of the host as this machine counts; unset while the host is off. */
  readonly pid?: number
  /** What the lab runs on it, by name: the process id as this machine counts. */
  readonly services: Readonly<Record<string, number>>
}

/** What each host of a lab is and runs, asked of the kernel. */
export function inventory({ name, topology }: LabState, hierarchies: readonly Hierarchy[]): readonly HostEntry[] {
  return topology.hosts.map((host) => {
    const pid = machinePid(name, host.name)
    return {
      name: host.name,
      role: host.role,
      address: formatIp(host.address),
      mac: macOf(name, host.name),
      netns: netnsName(name, host.name),
      ...(pid === undefined ? {} : { pid }),
      services: servicesOf(join(cgroup2Root(hierarchies), cgroupName(name, host.name), 'system')),
    }
  })
}

/** Cgroups of what the lab runs to an end. */
const NO_SERVICE = ['init', 'exec', 'tools']

/** The way into a host, and what starts a service again. */
const WRAPPERS = ['nsenter', 'sh']

/** Each service has a cgroup of its name; its first process that is the program itself is the one that counts. */
function servicesOf(folder: string): Readonly<Record<string, number>> {
  if (!existsSync(folder)) return {}
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  const found = names.sort().flatMap((name) => {
    if (NO_SERVICE.includes(name)) return []
    const pid = processesBelow(join(folder, name)).find((each) => !WRAPPERS.includes(commandOf(each)))
    return pid === undefined ? [] : [[name, pid] as const]
  })
  return Object.fromEntries(found)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'nsenter' // it ended while we looked
  }
}
