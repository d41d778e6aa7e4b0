import type { Bounds, Json, Origin, Refusal, ValueClass, ValueRow, ValueType } from './row.ts'

/** A key and its default of Cilium's chart. */
export interface Leaf {
  readonly $types: readonly ValueType[]
  readonly $default?: Json
  readonly $bounds?: Bounds
}

/** What is said of all keys below that nothing nearer says. */
export interface Said {
  readonly $node: Node
  readonly $class?: ValueClass
  readonly $note?: string
  readonly $lacking?: boolean
  readonly $cases?: Readonly<Record<string, string>>
  readonly $refusal?: Refusal
  readonly $origin?: Origin
}

/** The shape of Cilium's values.yaml. A literal is a key with this default; a map with fixed keys is a branch, a free-form one `map()`. */
export type Node = boolean | number | string | readonly Json[] | Leaf | Said | Tree
export interface Tree {
  readonly [key: string]: Node
}

export function leaf(types: ValueType | readonly ValueType[], fallback?: Json, bounds?: Bounds): Leaf {
  return {
    $types: typeof types === 'string' ? [types] : types,
    ...(fallback === undefined ? {} : { $default: fallback }),
    ...(bounds === undefined ? {} : { $bounds: bounds }),
  }
}

export function map(fallback: Json = {}): Leaf {
  return leaf('map', fallback)
}

/** null by default. */
export function unset(...types: readonly ValueType[]): Leaf {
  return leaf(types, null)
}

export function implemented(note: string, node: Node, cases: Readonly<Record<string, string>> = {}): Said {
  return { $node: node, $class: 'implemented', $note: note, $cases: cases }
}

/** Without effect, because it is so anyway, or not needed. */
export function ignored(note: string, node: Node): Said {
  return { $node: node, $class: 'ignored', $note: note }
}

/** Ignored, because what it asks for is not there. */
export function lacking(note: string, node: Node): Said {
  return { $node: node, $class: 'ignored', $note: note, $lacking: true }
}

/** Refused unless it has this value. */
export function refusedUnless(unless: Json, why: string, instead: string, node: Node): Said {
  return refusedUnlessOneOf([unless], why, instead, node)
}

export function refusedUnlessOneOf(unless: readonly Json[], why: string, instead: string, node: Node): Said {
  return { $node: node, $class: 'refused', $note: why, $refusal: { unless, why, instead } }
}

/** A key with an effect of which certain values are refused. */
export function refusing(refusal: Refusal, said: Said): Said {
  return { ...said, $refusal: refusal }
}

/** Keys that are not in the Cilium chart of which the table speaks. */
export function from(origin: Origin, node: Node): Said {
  return { $node: node, $origin: origin }
}

/** The keys of a tree, in its order. A key of which nothing is said is our own mistake, and throws. */
export function rowsOf(node: Node): readonly ValueRow[] {
  return rowsBelow([], node, { origin: 'cilium', lacking: false, cases: {} })
}

interface Inherited {
  readonly class?: ValueClass
  readonly note?: string
  readonly lacking: boolean
  readonly cases: Readonly<Record<string, string>>
  readonly refusal?: Refusal
  readonly origin: Origin
}

function rowsBelow(path: readonly string[], node: Node, inherited: Inherited): readonly ValueRow[] {
  if (isSaid(node)) return rowsBelow(path, node.$node, inherit(node, inherited))
  const found = leafOf(node)
  if (found !== undefined) return [rowOf(path, found, inherited)]
  return Object.entries(node as Tree).flatMap(([key, inner]) => rowsBelow([...path, key], inner, inherited))
}

/** A nearer word on the class takes the place of a farther one as a whole. */
function inherit(said: Said, inherited: Inherited): Inherited {
  const base: Inherited =
    said.$class === undefined
      ? inherited
      : {
          class: said.$class,
          note: said.$note ?? '',
          lacking: said.$lacking ?? false,
          cases: said.$cases ?? {},
          origin: inherited.origin,
        }
  return {
    ...base,
    ...(said.$refusal === undefined ? {} : { refusal: said.$refusal }),
    ...(said.$origin === undefined ? {} : { origin: said.$origin }),
  }
}

function rowOf(path: readonly string[], { $types, $default, $bounds }: Leaf, inherited: Inherited): ValueRow {
  const key = path.join('.')
  const { class: valueClass, note, lacking: isLacking, cases, refusal, origin } = inherited
  if (valueClass === undefined || note === undefined) throw new Error(`Nothing is said of the value ${key}`)
  return {
    key,
    types: $types,
    origin,
    ...($default === undefined ? {} : { ciliumDefault: $default }),
    class: valueClass,
    note,
    lacking: isLacking,
    cases,
    ...(refusal === undefined ? {} : { refusal }),
    bounds: $bounds ?? {},
  }
}

function leafOf(node: Node): Leaf | undefined {
  if (typeof node === 'boolean') return leaf('boolean', node)
  if (typeof node === 'number') return leaf('integer', node)
  if (typeof node === 'string') return leaf('text', node)
  if (Array.isArray(node)) return leaf('list', node as readonly Json[])
  return '$types' in node ? (node as Leaf) : undefined
}

function isSaid(node: Node): node is Said {
  return typeof node === 'object' && '$node' in node
}
