import { createHash } from 'node:crypto'
import type { Note } from './migration.ts'

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** A name that Kubernetes takes (RFC 1123 subdomain), as near to the old one as can be: the ConfigMap of old took any. */
export function objectName(old: string): { readonly name: string; readonly notes: readonly Note[] } {
  if (NAME.test(old)) return { name: old, notes: [] }
  const name = old
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 253)
  const text = `no object of Kubernetes can be called so; it is called ${name || 'pool'}, and Services that ask for it must say that`
  return { name: name || 'pool', notes: [{ kind: 'differs', what: `name ${JSON.stringify(old)}`, text }] }
}

/** As long as the value of a label may be; the name of an object may be longer. */
const LONGEST_LABEL = 63

/** The name of a pool as the value of a label: a long one ends in a digest, so that no two are alike. */
export function poolLabel(name: string): string {
  if (name.length <= LONGEST_LABEL) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, LONGEST_LABEL - digest.length - 1)}-${digest}`
}

const MOST_NAMES = 20

/** The first 20, and how many there are beside them. */
export function tellNames(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES
  return names.slice(0, MOST_NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
