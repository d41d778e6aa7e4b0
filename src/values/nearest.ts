import type { ValueTable } from './row.ts'

/** More keys of one name than these are no hint. */
const MOST_NAMESAKES = 3

/**
 * What an unknown key may have meant: the sibling that is written most alike, or else keys of that name elsewhere. The templates of the chart
 * say the same (`balise.nearestValue`).
 */
export function nearestKeys(unknown: string, { rows, branches }: ValueTable): readonly string[] {
  const cut = unknown.lastIndexOf('.')
  const parent = cut < 0 ? '' : unknown.slice(0, cut)
  const name = unknown.slice(cut + 1)
  const sibling = mostAlike(name, [...(branches.get(parent) ?? [])].toSorted())
  if (sibling !== undefined) return [parent === '' ? sibling : `${parent}.${sibling}`]
  const namesakes = [...rows.keys()].filter((key) => lastSegment(key).toLowerCase() === name.toLowerCase()).toSorted()
  return namesakes.length <= MOST_NAMESAKES ? namesakes : []
}

/** The first of the least distance, when no more than two fifths of the letters are wrong. */
function mostAlike(name: string, candidates: readonly string[]): string | undefined {
  const bound = Math.floor((2 * name.length) / 5)
  let best: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance <= bound && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { candidate, distance }
  }
  return best?.candidate
}

/** Levenshtein's: letters put in, left out or written differently. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, changed))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1)
}
