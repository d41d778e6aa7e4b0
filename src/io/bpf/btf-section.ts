/** A global variable of a data section of a BPF object. */
export interface SectionVariable {
  readonly name: string
  readonly offsetOctets: number
  readonly lengthOctets: number
}

/** Octets after the three words that every type has, by kind (Documentation/bpf/btf.rst): [fixed, per member]. */
const EXTRA_OCTETS: { readonly [kind: number]: readonly [number, number] } = {
  1: [4, 0], // INT
  2: [0, 0], // PTR
  3: [12, 0], // ARRAY
  4: [0, 12], // STRUCT
  5: [0, 12], // UNION
  6: [0, 8], // ENUM
  7: [0, 0], // FWD
  8: [0, 0], // TYPEDEF
  9: [0, 0], // VOLATILE
  10: [0, 0], // CONST
  11: [0, 0], // RESTRICT
  12: [0, 0], // FUNC
  13: [0, 8], // FUNC_PROTO
  14: [4, 0], // VAR
  15: [0, 12], // DATASEC
  16: [0, 0], // FLOAT
  17: [4, 0], // DECL_TAG
  18: [0, 0], // TYPE_TAG
  19: [0, 12], // ENUM64
}
const BTF_MAGIC = 0xeb9f
const DATASEC = 15

/** The variables of `section` (`.rodata`) as raw little-endian BTF has them. Empty where the section, or sense, is missing. */
export function sectionVariables(btf: Uint8Array, section: string): readonly SectionVariable[] {
  const layout = readHeader(btf)
  if (layout === undefined) return []
  const { view, typesEnd, stringsAt } = layout
  const types: number[] = [0] // offset of each type by its id; id 0 is void
  for (let at = layout.typesAt; at + 12 <= typesEnd; ) {
    types.push(at)
    const extra = EXTRA_OCTETS[(view.getUint32(at + 4, true) >>> 24) & 0x1f]
    if (extra === undefined) return []
    at += 12 + extra[0] + extra[1] * (view.getUint32(at + 4, true) & 0xffff)
    if (at > typesEnd) return []
  }
  const name = (at: number): string => readName(btf, stringsAt + view.getUint32(at, true))
  const isWanted = (at: number): boolean =>
    ((view.getUint32(at + 4, true) >>> 24) & 0x1f) === DATASEC && name(at) === section
  const found = types.slice(1).find(isWanted)
  if (found === undefined) return []
  return Array.from({ length: view.getUint32(found + 4, true) & 0xffff }, (_, index) => {
    const at = found + 12 + 12 * index
    const variable = types[view.getUint32(at, true)] ?? 0
    return {
      name: variable === 0 ? '' : name(variable),
      offsetOctets: view.getUint32(at + 4, true),
      lengthOctets: view.getUint32(at + 8, true),
    }
  })
}

function readHeader(
  btf: Uint8Array,
): { view: DataView; typesAt: number; typesEnd: number; stringsAt: number } | undefined {
  if (btf.length < 24) return undefined
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength)
  if (view.getUint16(0, true) !== BTF_MAGIC) return undefined
  const headerLength = view.getUint32(4, true)
  const typesAt = headerLength + view.getUint32(8, true)
  const typesEnd = typesAt + view.getUint32(12, true)
  const stringsAt = headerLength + view.getUint32(16, true)
  return typesEnd > btf.length || stringsAt > btf.length ? undefined : { view, typesAt, typesEnd, stringsAt }
}

function readName(btf: Uint8Array, at: number): string {
  const end = btf.indexOf(0, at)
  return new TextDecoder().decode(btf.subarray(at, end < 0 ? btf.length : end))
}
