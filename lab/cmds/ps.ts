import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { type HostEntry, inventory } from '#lab/state/inventory.ts'
import { chooseLab, labNames } from '#lab/state/lab-state.ts'
import { formatTable } from '#lab/table.ts'

/** What `ps -o json` prints: stable, with a version. */
export interface LabListing {
  readonly version: 1
  readonly labs: readonly { readonly name: string; readonly apiPort?: number; readonly hosts: readonly HostEntry[] }[]
}

/** The hosts of one lab, or of all when none is named. */
export function listLabs(name: string | undefined): LabListing {
  const hierarchies = readHierarchies()
  const names = name === undefined ? labNames() : [name]
  const labs = names.map((each) => {
    const state = chooseLab(each)
    const port = state.apiPort === undefined ? {} : { apiPort: state.apiPort }
    return { name: each, ...port, hosts: inventory(state, hierarchies) }
  })
  return { version: 1, labs }
}

export function renderListing({ labs }: LabListing): readonly string[] {
  if (labs.length === 0) return ['No lab is up']
  const rows = labs.flatMap(({ name, hosts }) =>
    hosts.map((host) => [
      name,
      host.name,
      host.role,
      host.address,
      host.pid === undefined ? 'off' : String(host.pid),
      services(host),
    ]),
  )
  return formatTable(['LAB', 'HOST', 'ROLE', 'ADDRESS', 'PID', 'RUNS'], rows)
}

function services(host: HostEntry): string {
  return Object.entries(host.services)
    .map(([name, pid]) => `${name}:${pid}`)
    .join(' ')
}
