/** What YAML can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** `map` is free-form: any key may stand below it. A value may always be null, which is the same as leaving it out. */
export type ValueType = 'boolean' | 'integer' | 'number' | 'text' | 'list' | 'map'

/** `refused`: has no effect unless it asks for something that cannot be given. */
export type ValueClass = 'implemented' | 'ignored' | 'refused'

/** When a value cannot be installed. null, '', [] and {} ask for nothing and are never refused. */
export interface Refusal {
  /** Values that are not refused; without `matching`, all others are. */
  readonly unless: readonly Json[]
  /** Only texts, and elements of lists, in which this regular expression (RE2) finds something. */
  readonly matching?: string
  readonly why: string
  readonly instead: string
}

/** What the JSON schema asks beside the type. */
export interface Bounds {
  readonly oneOf?: readonly Json[]
  /** RE2, anchored. */
  readonly pattern?: string
  /** What the pattern stands for, for people: `a duration like 15s`. */
  readonly form?: string
  readonly minimum?: number
  readonly maximum?: number
}

/** Whose key it is: of Cilium's chart, of an older or newer version of it, or of ours alone. */
export type Origin = 'cilium' | 'retired' | 'balise'

/** One value of the chart. */
export interface ValueRow {
  /** `l2announcements.leaseDuration` */
  readonly key: string
  readonly types: readonly ValueType[]
  readonly origin: Origin
  /** What Cilium's chart has; absent where it has none. */
  readonly ciliumDefault?: Json
  readonly class: ValueClass
  /** Of an ignored value: it asks for something that is not there. Otherwise for something that is so anyway, or not needed. */
  readonly lacking: boolean
  /** What it does, or why it does nothing. */
  readonly note: string
  /** What certain values do, where the note does not hold: by the value as text. */
  readonly cases: Readonly<Record<string, string>>
  readonly refusal?: Refusal
  readonly bounds: Bounds
}

export interface ValueTable {
  /** By key, in the order of the reference. */
  readonly rows: ReadonlyMap<string, ValueRow>
  /** By key without its last segments (the whole is ''), the segments that may follow. */
  readonly branches: ReadonlyMap<string, ReadonlySet<string>>
}

/** Whether two values are the same; the order of keys does not count. */
export function sameJson(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`
}
