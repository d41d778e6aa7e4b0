import { type LabelRequirement, selectorMatches } from '#model/selector.ts'
import type { KubeObject, ListOptions } from './kube-api.ts'

/** `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Undefined when it is none. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] | undefined {
  const requirements: LabelRequirement[] = []
  for (const term of text.split(/,(?![^(]*\))/).map((part) => part.trim())) {
    if (term === '') continue
    const requirement = parseRequirement(term)
    if (requirement === undefined) return undefined
    requirements.push(requirement)
  }
  return requirements
}

function parseRequirement(term: string): LabelRequirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term)
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'In' : 'NotIn', values }
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term)
  if (equality !== null) {
    return { key: equality[1] ?? '', operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [equality[3] ?? ''] }
  }
  const absent = /^!\s*([^=!\s]+)$/.exec(term)
  if (absent !== null) return { key: absent[1] ?? '', operator: 'DoesNotExist', values: [] }
  return /^[^=!\s]+$/.test(term) ? { key: term, operator: 'Exists', values: [] } : undefined
}

/** `metadata.name=x,metadata.namespace!=y`: the fields that every resource has. */
interface FieldRequirement {
  readonly field: 'name' | 'namespace'
  readonly value: string
  readonly equal: boolean
}

function parseFieldSelector(text: string): readonly FieldRequirement[] | undefined {
  const requirements: FieldRequirement[] = []
  for (const term of text.split(',').filter((part) => part !== '')) {
    const parts = /^metadata\.(name|namespace)(==|=|!=)(.*)$/.exec(term)
    if (parts === null) return undefined
    requirements.push({ field: parts[1] as 'name' | 'namespace', equal: parts[2] !== '!=', value: parts[3] ?? '' })
  }
  return requirements
}

/** Whether an object is selected; undefined when a selector cannot be read. */
export function compileSelect(select: ListOptions): ((object: KubeObject) => boolean) | undefined {
  const requirements = parseLabelSelector(select.labelSelector ?? '')
  const fields = parseFieldSelector(select.fieldSelector ?? '')
  if (requirements === undefined || fields === undefined) return undefined
  return ({ metadata }) =>
    (select.namespace === undefined || select.namespace === metadata.namespace) &&
    fields.every(({ field, value, equal }) => ((metadata[field] ?? '') === value) === equal) &&
    selectorMatches({ requirements }, metadata.labels ?? {})
}
