import type { StatusImage } from './ledger.ts'
import type { ObjectRecord } from '#agents/operator/records.ts'
import type { StatusWrite, StatusWriter } from './status-writer.ts'

/** Why a status is written, or why not. */
export type Settling = 'write' | 'underWay' | 'unchanged' | 'leftAlone' | 'awaitsWatch'

/**
 * Hands the wanted status of one object to the writer, if there is anything to write. `shown` is what the watch has of it. After a write
 * that the watch has not shown yet the next one waits for it: it needs the new version as its precondition.
 */
export function settle<W extends StatusWrite>(
  writer: StatusWriter<W>,
  key: string,
  record: ObjectRecord,
  shown: StatusImage,
  want: (current: StatusImage) => { readonly image: StatusImage; readonly write: W } | undefined,
): Settling {
  const entry = writer.ledger.entryFor(key, record)
  // A write that is under way and still right is not made twice: the queue itself tries it again until the API has answered.
  if (entry?.outcome === 'unknown' && matches(entry.image, want(entry.image)?.image)) return 'underWay'
  const current = entry?.outcome === 'confirmed' ? entry.image : shown
  const wanted = want(current)
  if (wanted === undefined || matches(current, wanted.image)) {
    writer.drop(key)
    return wanted === undefined ? 'leftAlone' : 'unchanged'
  }
  if (entry?.outcome === 'confirmed' && entry.madeVersion !== entry.basedOn) {
    writer.drop(key)
    return 'awaitsWatch'
  }
  writer.put(key, wanted.write)
  return 'write'
}

/** Merging gives back the very list when it changes nothing. */
function matches(current: StatusImage, wanted: StatusImage | undefined): boolean {
  if (wanted === undefined) return false
  const { conditions, ingress, fields } = current
  return wanted.conditions === conditions && wanted.ingress === ingress && wanted.fields === fields
}
