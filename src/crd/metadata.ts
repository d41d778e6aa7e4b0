import type { Labels } from '#model/selector.ts'
import { expectObject, field, isAbsent, note, type Place, readInteger, readText, readTexts } from './place.ts'

/** The fields in use of meta/v1 ObjectMeta. Absent texts are empty, absent numbers 0. */
export interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  readonly creationTimestampMs: number
  readonly labels: Labels
  readonly annotations: Labels
}

/** Undefined, with a mistake noted, for something that is no object or has no name. */
export function readMetadata(object: Place): Metadata | undefined {
  if (isAbsent(object) || !expectObject(object)) {
    if (isAbsent(object)) note(object, 'the object is empty', 'write apiVersion, kind, metadata and spec')
    return undefined
  }
  const metadata = field(object, 'metadata')
  const name = readText(field(metadata, 'name'))
  if (name === '') note(field(metadata, 'name'), 'is missing', 'give the object a name')
  const read: Metadata = {
    name,
    namespace: readText(field(metadata, 'namespace')),
    uid: readText(field(metadata, 'uid')),
    resourceVersion: readText(field(metadata, 'resourceVersion')),
    generation: readInteger(field(metadata, 'generation'), 0),
    creationTimestampMs: readTime(field(metadata, 'creationTimestamp')) ?? 0,
    labels: readTexts(field(metadata, 'labels')),
    annotations: readTexts(field(metadata, 'annotations')),
  }
  return name === '' ? undefined : read
}

/** RFC 3339 (meta/v1 Time and MicroTime) as milliseconds since 1970; undefined when absent or none. */
export function readTime(place: Place): number | undefined {
  const text = readText(place)
  if (text === '') return undefined
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return ms
  note(place, 'is not a time', 'write it as 2026-01-31T12:00:00Z')
  return undefined
}
