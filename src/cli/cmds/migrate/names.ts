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
