import { readFileSync } from 'node:fs'
import { LabError } from '#lab/state/lab-error.ts'

/** A mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly version: 1 | 2
  readonly mountPoint: string
  /** What `mount -o` wants for the same hierarchy; empty for cgroup2. */
  readonly options: string
}

/** Options of a v1 mount that say how, not which. */
const NOT_A_CONTROLLER = /^(rw|ro|xattr|clone_children|cpuset_v2_mode|noprefix|release_agent=.*|seclabel)$/

/** Reads the hierarchies out of `/proc/self/mountinfo` (proc(5)). Of a hierarchy mounted twice the first place counts. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  const found = new Map<string, Hierarchy>()
  for (const line of mountinfo.split('\n')) {
    const [own = '', rest = ''] = line.split(' - ')
    const mountPoint = own.split(' ')[4] ?? ''
    const [type = '', , superOptions = ''] = rest.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') continue
    const controllers = superOptions.split(',').filter((option) => !NOT_A_CONTROLLER.test(option))
    const options = type === 'cgroup2' ? '' : v1Options(controllers)
    const key = `${type} ${options}`
    if (!found.has(key)) found.set(key, { version: type === 'cgroup2' ? 2 : 1, mountPoint, options })
  }
  return [...found.values()]
}

/** A hierarchy without a controller (systemd's) has to be asked for with `none`. */
function v1Options(controllers: readonly string[]): string {
  const named = controllers.every((option) => option.startsWith('name='))
  return [...(named ? ['none'] : []), ...controllers].join(',')
}

/** The hierarchies of this machine. Without cgroup2 there is no lab: eBPF hooks attach there. */
export function readHierarchies(): readonly Hierarchy[] {
  const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
  if (hierarchies.some((hierarchy) => hierarchy.version === 2)) return hierarchies
  throw new LabError(
    'No cgroup2 file system is mounted here: mount one at /sys/fs/cgroup (or at /sys/fs/cgroup/unified beside version 1)',
  )
}

/** Where cgroup2 is mounted. */
export function cgroup2Root(hierarchies: readonly Hierarchy[]): string {
  const found = hierarchies.find((hierarchy) => hierarchy.version === 2)
  if (found === undefined) throw new Error('No cgroup2 among the hierarchies')
  return found.mountPoint
}
