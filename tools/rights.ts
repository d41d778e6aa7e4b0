import { parseAllDocuments } from 'yaml'

/** What an account may do with a kind of objects. */
export interface Right {
  /** In every namespace, and with what is in none; or in that of the chart. */
  readonly everywhere: boolean
  /** `leases.coordination.k8s.io`, `services/status` */
  readonly resource: string
  /** The objects, where only some are allowed. */
  readonly names: readonly string[]
  readonly verbs: readonly string[]
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

interface RoleObject {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly rules?: readonly Rule[]
}

/** The rights of an account whose roles bear its name, from what the chart renders to; one line for each resource and names. */
export function rightsOf(rendered: string, account: string): readonly Right[] {
  const objects = parseAllDocuments(rendered).map((document) => document.toJS() as RoleObject | null)
  const verbs = new Map<string, Omit<Right, 'verbs'> & { readonly verbs: Set<string> }>()
  for (const role of objects) {
    if (role === null || role.metadata.name !== account || !['ClusterRole', 'Role'].includes(role.kind)) continue
    for (const { apiGroups, resources, resourceNames = [], verbs: allowed } of role.rules ?? []) {
      for (const resource of resources.flatMap((name) => apiGroups.map((group) => qualified(name, group)))) {
        const everywhere = role.kind === 'ClusterRole'
        const key = JSON.stringify([everywhere, resource, resourceNames])
        const right = verbs.get(key) ?? { everywhere, resource, names: resourceNames, verbs: new Set() }
        for (const verb of allowed) right.verbs.add(verb)
        verbs.set(key, right)
      }
    }
  }
  return [...verbs.values()].map((right) => ({ ...right, verbs: [...right.verbs].toSorted() })).toSorted(compare)
}

/** A Markdown table. */
export function rightsTable(rights: readonly Right[]): string {
  const rows = rights.map(({ everywhere, resource, names, verbs }) => {
    const objects = names.length === 0 ? 'all' : names.map((name) => `\`${name}\``).join(', ')
    return `| \`${resource}\` | ${objects} | ${verbs.join(', ')} | ${everywhere ? 'cluster' : 'its namespace'} |`
  })
  return ['| resource | objects | verbs | in |', '|---|---|---|---|', ...rows].join('\n')
}

/** What is in the first and not in the second. */
export function furtherRights(rights: readonly Right[], known: readonly Right[]): readonly Right[] {
  const lines = new Set(known.map((right) => JSON.stringify(right)))
  return rights.filter((right) => !lines.has(JSON.stringify(right)))
}

/** `services/status` of group `` stays; `leases` of `coordination.k8s.io` becomes `leases.coordination.k8s.io`, before a slash. */
function qualified(resource: string, group: string): string {
  if (group === '') return resource
  const [name = '', ...subresource] = resource.split('/')
  return [`${name}.${group}`, ...subresource].join('/')
}

function compare(a: Right, b: Right): number {
  return Number(b.everywhere) - Number(a.everywhere) || (a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0)
}
