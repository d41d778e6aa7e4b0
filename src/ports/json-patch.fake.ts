import { isDeepStrictEqual } from 'node:util'
import { err, ok, type Result } from '#model/result.ts'

type Json = unknown
type Container = Record<string, Json> | Json[]

/** RFC 7386: null takes a field away, objects are merged, everything else replaces. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isRecord(patch)) return patch
  const merged: Record<string, Json> = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

/** RFC 6902 without `move` and `copy`. The error is the sentence for the answer. */
export function jsonPatch(target: Json, operations: readonly unknown[]): Result<Json, string> {
  let document: Json = structuredClone(target)
  for (const operation of operations) {
    if (!isRecord(operation) || typeof operation['path'] !== 'string') return err('An operation has no path')
    const answer = applyOperation(document, operation['op'], parsePointer(operation['path']), operation['value'])
    if (!answer.ok) return err(`${String(operation['op'])} ${operation['path']}: ${answer.error}`)
    document = answer.value
  }
  return ok(document)
}

function applyOperation(document: Json, op: Json, path: readonly string[], value: Json): Result<Json, string> {
  if (path.length === 0)
    return op === 'test' ? testValue(document, document, value) : err('The whole object cannot be changed')
  const parent = path.slice(0, -1).reduce<Json>((at, key) => childOf(at, key), document)
  const key = path.at(-1) ?? ''
  if (!isContainer(parent)) return err('there is no such place')
  const present = childOf(parent, key)
  if (op === 'test') return testValue(document, present, value)
  if (op === 'add') return insert(document, parent, key, value)
  if (op !== 'remove' && op !== 'replace') return err('the operation is unknown')
  if (present === undefined) return err('there is no such value')
  if (op === 'replace') set(parent, key, value)
  else if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
  return ok(document)
}

function testValue(document: Json, present: Json, value: Json): Result<Json, string> {
  return isDeepStrictEqual(present ?? null, value ?? null) ? ok(document) : err('testing value failed')
}

function insert(document: Json, parent: Container, key: string, value: Json): Result<Json, string> {
  if (!Array.isArray(parent)) set(parent, key, value)
  else if (key === '-') parent.push(value)
  else if (Number(key) <= parent.length) parent.splice(Number(key), 0, value)
  else return err('the index is beyond the end')
  return ok(document)
}

function set(parent: Container, key: string, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value
  else parent[key] = value
}

function childOf(parent: Json, key: string): Json {
  if (Array.isArray(parent)) return parent[Number(key)]
  return isRecord(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined
}

/** RFC 6901 */
function parsePointer(pointer: string): readonly string[] {
  const parts = pointer.split('/').slice(1)
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function isContainer(value: Json): value is Container {
  return typeof value === 'object' && value !== null
}

export function isRecord(value: Json): value is Record<string, Json> {
  return isContainer(value) && !Array.isArray(value)
}
