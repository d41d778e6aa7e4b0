import { isDeepStrictEqual } from 'node:util'
import type { Manifest, Note, Outcome } from './migration.ts'
import { fieldIn, type Sorted, textIn } from './sort.ts'

/** Specs of objects of Cilium's kinds that are there already, by `Kind name`. */
type Existing = ReadonlyMap<string, unknown>

function keyOf(kind: string, name: string): string {
  return `${kind} ${name}`
}

export function existingOf(found: readonly Sorted[]): Existing {
  return new Map(
    found.map(({ object, kind }) => [
      keyOf(kind, textIn(fieldIn(object, 'metadata'), 'name')),
      fieldIn(object, 'spec'),
    ]),
  )
}

/**
 * Of two manifests that would be one object the first stays; and none that would replace an object which is there and says something else:
 * `kubectl apply` does not ask.
 */
export function withoutDoubles(outcomes: readonly Outcome[], existing: Existing): readonly Outcome[] {
  const taken = new Map<string, string>()
  return outcomes.map((outcome) => {
    const notes: Note[] = [...outcome.notes]
    const manifests = outcome.manifests.filter((manifest) => {
      const what = keyOf(manifest.kind, manifest.metadata.name)
      const by = taken.get(what)
      taken.set(what, by ?? outcome.subject)
      const isReplacing = existing.has(what) && !saysTheSame(manifest, existing.get(what))
      if (by !== undefined) {
        notes.push({ kind: 'mistake', what, text: `is written for ${by} already: give this one another name` })
      } else if (isReplacing) {
        const text = 'is there already and says something else, so nothing is written: give one of the two another name'
        notes.push({ kind: 'notTakenOver', what, text })
      }
      return by === undefined && !isReplacing
    })
    return { ...outcome, manifests, notes }
  })
}

/** What the API server fills in. */
const DEFAULTS: Readonly<Record<string, unknown>> = { disabled: false, allowFirstLastIPs: 'Yes', externalIPs: false }

function saysTheSame({ spec }: Manifest, other: unknown): boolean {
  const full = { ...DEFAULTS, ...(typeof other === 'object' ? other : {}) }
  return isDeepStrictEqual(full, { ...DEFAULTS, ...spec })
}
