import { expectObject, field, isAbsent, note, type Place, readFlag, readInteger, readText } from '#crd/place.ts'
import { NO_PRIORITY } from '#model/pool.ts'

/**
 * Notes every field of an object that is not one of `known`: what is written for nothing is to be seen. False when something other than an
 * object is there.
 */
export function expectFields(place: Place, known: readonly string[]): boolean {
  if (isAbsent(place)) return true
  if (!expectObject(place)) return false
  for (const key of Object.keys(place.value as object)) {
    if (known.includes(key)) continue
    const meant = known.find((name) => fold(name) === fold(key))
    const remedy = meant === undefined ? `remove it; the fields here are ${known.join(', ')}` : `write ${meant}`
    note(field(place, key), 'is not a field here', remedy)
  }
  return true
}

/** `autoassign`, `auto-assign` and `autoAssign` are meant alike, and so are `nodeSelector` and `nodeSelectors`. */
function fold(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, '').replace(/s$/, '')
}

/** A switch that, when it cannot be read, stands where less is given away. */
export function readCautiously(place: Place, fallback: boolean, cautious: boolean): boolean {
  return isAbsent(place) ? fallback : readFlag(place, cautious)
}

/** Lower is first; 0 and absent are last (`NO_PRIORITY`). */
export function readPriority(place: Place): number {
  const priority = readInteger(place, 0)
  if (priority < 0)
    note(place, 'is below 0', 'write 1 for the pool to be used first, and higher numbers for later ones')
  return priority <= 0 ? NO_PRIORITY : priority
}

/** A text that names something; undefined, with a mistake noted, when it is absent, empty or no text. */
export function readName(place: Place, remedy: string): string | undefined {
  const before = place.mistakes.length
  const text = readText(place)
  if (text === '' && place.mistakes.length === before) note(place, 'is empty', remedy)
  return text === '' ? undefined : text
}
