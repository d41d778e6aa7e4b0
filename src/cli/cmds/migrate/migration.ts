/** An object to apply. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Readonly<Record<string, unknown>>
}

/**
 * How far it is from what was: `mistake` is one that was there before; `notTakenOver` has no successor at all; `lost` is a property that the
 * new object has not; `differs` is one that it has in another way.
 */
export type NoteKind = 'mistake' | 'notTakenOver' | 'lost' | 'differs'

export interface Note {
  readonly kind: NoteKind
  /** What is meant: `spec.autoAssign false`, or empty for the object as a whole. */
  readonly what: string
  /** The reason, and what to do. */
  readonly text: string
}

/** What becomes of one object. */
export interface Outcome {
  /** `IPAddressPool metallb-system/blue` */
  readonly subject: string
  /** The file and the document in it, or `cluster`. */
  readonly source: string
  readonly manifests: readonly Manifest[]
  readonly notes: readonly Note[]
}

export interface Migration {
  readonly version: 1
  readonly outcomes: readonly Outcome[]
}

/** An object of the configuration, as it was found. */
export interface FoundObject {
  readonly source: string
  readonly object: unknown
}
