import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { type HostEntry, inventory } from '#lab/state/inventory.ts'
import { chooseLab, type LabState, labNames, readLab } from '#lab/state/lab-state.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { formatTable } from '#lab/table.ts'

/** What `ps -o json` prints: stable, with a version. */
export interface LabListing {
  readonly version: 1
  /** A lab without hosts is one that was killed before it had any: `lab down` removes it. */
  readonly labs: readonly { readonly name: string; readonly apiPort?: number; readonly hosts: readonly HostEntry[] }[]
}

/** The hosts of one lab, or of all when none is named. */
export function listLabs(name: string | undefined): LabListing {
  const hierarchies = readHierarchies()
  const there = name === undefined ? labNames() : [chooseLab(name).name]
  const labs = there.map((each) => {
    const state = knownLab(each)
    if (state === undefined) return { name: each, hosts: [] }
    const port = state.apiPort === undefined ? {} : { apiPort: state.apiPort }
    return { name: each, ...port, hosts: inventory(state, hierarchies) }
  })
  return { version: 1, labs }
}

function knownLab(name: string): LabState | undefined {
  try {
    return readLab(name)
  } catch (error) {
    if (error instanceof LabError) return undefined
    throw error
  }
}

export function renderListing({ labs }: LabListing): readonly string[] {
  if (labs.length === 0) return ['No lab is up']
  const rows = labs.flatMap(({ name, hosts }) => {
    if (hosts.length === 0) return [[name, '-', '-', '-', '-', 'left over: take it down']]
    return hosts.map((host) => [
      name,
      host.name,
      host.role,
      host.address,
      host.pid === undefined ? 'off' : String(host.pid),
      services(host),
    ])
  })
  return formatTable(['LAB', 'HOST', 'ROLE', 'ADDRESS', 'PID', 'RUNS'], rows)
}

function services(host: HostEntry): string {
  return Object.entries(host.services)
    .map(([name, pid]) => `${name}:${pid}`)
    .join(' ')
}
