import { isDeepStrictEqual } from 'node:util'
import { isRecord } from './json-patch.fake.ts'

/**
 * Server-side apply as far as Balise uses it: fields have owners; a list of objects with `type` (conditions) is a map by it, any other
 * list is one value.
 */
export interface ApplyOutcome {
  readonly object: Record<string, unknown>
  /** The manager's fields after it, as paths. */
  readonly owned: ReadonlySet<string>
  /** Paths that others own with another value; not empty: nothing was applied unless forced. */
  readonly conflicts: readonly string[]
}

export type FieldOwners = ReadonlyMap<string, ReadonlySet<string>>

export function applyPatch(
  target: Record<string, unknown>,
  body: Record<string, unknown>,
  manager: string,
  owners: FieldOwners,
): ApplyOutcome {
  const leaves = new Map(leavesOf(body, []))
  const others = new Set([...owners].filter(([name]) => name !== manager).flatMap(([, owned]) => [...owned]))
  const object = structuredClone(target)
  const conflicts: string[] = []
  for (const [path, value] of leaves) {
    if (others.has(path) && !isDeepStrictEqual(getAt(object, parse(path)), value)) conflicts.push(path)
    setAt(object, parse(path), value)
  }
  for (const path of owners.get(manager) ?? []) {
    if (!leaves.has(path) && !others.has(path)) removeAt(object, parse(path))
  }
  return { object, owned: new Set(leaves.keys()), conflicts }
}

/** A step is a field's name or `{"type": …}`, an item of a list that is a map. */
type Step = string | { readonly type: string }

function parse(path: string): readonly Step[] {
  return JSON.parse(path) as readonly Step[]
}

/** Every value that is not itself a map, with its path as JSON. Identity (`kind`, `metadata.name`, ...) is nobody's. */
function* leavesOf(value: unknown, path: readonly Step[]): Generator<readonly [string, unknown]> {
  if (isIdentity(path)) return
  if (isRecord(value) && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) yield* leavesOf(child, [...path, key])
    return
  }
  if (isTypedList(value)) {
    for (const item of value) yield* leavesOf(item, [...path, { type: item.type }])
    return
  }
  yield [JSON.stringify(path), value]
}

function isIdentity([first, second]: readonly Step[]): boolean {
  if (first === 'apiVersion' || first === 'kind') return true
  return first === 'metadata' && second !== undefined && second !== 'labels' && second !== 'annotations'
}

function isTypedList(value: unknown): value is readonly (Record<string, unknown> & { readonly type: string })[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isRecord(item) && typeof item['type'] === 'string')
  )
}

function child(parent: unknown, step: Step): unknown {
  if (typeof step === 'string') return isRecord(parent) ? parent[step] : undefined
  return Array.isArray(parent) ? parent.find((item) => isRecord(item) && item['type'] === step.type) : undefined
}

function getAt(root: unknown, path: readonly Step[]): unknown {
  return path.reduce<unknown>((at, step) => child(at, step), root)
}

function setAt(root: Record<string, unknown>, path: readonly Step[], value: unknown): void {
  let at: unknown = root
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1
    if (isLast && typeof step === 'string' && isRecord(at)) at[step] = structuredClone(value)
    else at = child(at, step) ?? grow(at, step, path[index + 1])
  }
}

function grow(parent: unknown, step: Step, next: Step | undefined): unknown {
  if (typeof step !== 'string') {
    const item = { type: step.type }
    if (Array.isArray(parent)) parent.push(item)
    return item
  }
  const container = typeof next === 'object' ? [] : {}
  if (isRecord(parent)) parent[step] = container
  return container
}

/** Takes a field away; an item of a list goes with its key field. */
function removeAt(root: Record<string, unknown>, path: readonly Step[]): void {
  const parent = getAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (isRecord(parent) && typeof last === 'string') delete parent[last]
  const itemStep = path.at(-2)
  const list = getAt(root, path.slice(0, -2))
  if (typeof itemStep === 'object' && last === 'type' && Array.isArray(list)) {
    list.splice(
      list.findIndex((item) => isRecord(item) && item['type'] === undefined),
      1,
    )
  }
}
