import { readElfSection, textAt } from './elf-section.ts'

/** A type of BTF (Documentation/bpf/btf.rst) with the fields in use. Its id is its place, from 1. */
export interface BtfType {
  readonly id: number
  readonly kind: BtfKind
  /** Empty for one without. */
  readonly name: string
  /** Of INT, STRUCT, UNION, ENUM, FLOAT and ENUM64. */
  readonly lengthOctets?: number
  /** What a PTR, TYPEDEF, ARRAY, ... is of. */
  readonly typeId?: number
  /** Of an ARRAY. */
  readonly elements?: number
  /** Of a STRUCT or UNION. */
  readonly members?: readonly { readonly name: string; readonly typeId: number; readonly offsetBits: number }[]
  /** Of an ENUM. */
  readonly values?: readonly { readonly name: string; readonly value: number }[]
}

/** In the order of the numbers, from 0; each with the octets that follow the common 12: fixed ones, and those of each member. */
const KINDS = [
  ['VOID', 0, 0],
  ['INT', 4, 0],
  ['PTR', 0, 0],
  ['ARRAY', 12, 0],
  ['STRUCT', 0, 12],
  ['UNION', 0, 12],
  ['ENUM', 0, 8],
  ['FWD', 0, 0],
  ['TYPEDEF', 0, 0],
  ['VOLATILE', 0, 0],
  ['CONST', 0, 0],
  ['RESTRICT', 0, 0],
  ['FUNC', 0, 0],
  ['FUNC_PROTO', 0, 8],
  ['VAR', 4, 0],
  ['DATASEC', 0, 12],
  ['FLOAT', 0, 0],
  ['DECL_TAG', 4, 0],
  ['TYPE_TAG', 0, 0],
  ['ENUM64', 0, 12],
] as const
export type BtfKind = (typeof KINDS)[number][0]

const MAGIC = 0xeb9f
const COMMON_OCTETS = 12

/** The types of a compiled BPF object. */
export function readBtf(objectPath: string): readonly BtfType[] {
  return decodeBtf(readElfSection(objectPath, '.BTF'))
}

function decodeBtf(btf: Uint8Array): readonly BtfType[] {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength)
  if (view.getUint16(0, true) !== MAGIC) throw new Error('Not BTF')
  const header = view.getUint32(4, true)
  const start = header + view.getUint32(8, true)
  const end = start + view.getUint32(12, true)
  const strings = btf.subarray(header + view.getUint32(16, true))
  const types: BtfType[] = []
  for (let at = start; at < end; ) {
    const number = (view.getUint32(at + 4, true) >>> 24) & 0x1f
    const kind = KINDS[number]
    if (kind === undefined) throw new Error(`Kind ${number} of BTF is unknown here`)
    types.push(decodeType(view, strings, at, types.length + 1, kind[0]))
    at += COMMON_OCTETS + kind[1] + kind[2] * (view.getUint32(at + 4, true) & 0xffff)
  }
  return types
}

function decodeType(view: DataView, strings: Uint8Array, at: number, id: number, kind: BtfKind): BtfType {
  const name = textAt(strings, view.getUint32(at, true))
  const third = view.getUint32(at + 8, true)
  const rest = at + COMMON_OCTETS
  const members = Array.from({ length: view.getUint32(at + 4, true) & 0xffff }, (_, index) => index)
  const textOf = (offset: number): string => textAt(strings, view.getUint32(offset, true))
  switch (kind) {
    case 'STRUCT':
    case 'UNION':
      return {
        ...{ id, kind, name, lengthOctets: third },
        members: members.map((index) => ({
          name: textOf(rest + 12 * index),
          typeId: view.getUint32(rest + 12 * index + 4, true),
          offsetBits: view.getUint32(rest + 12 * index + 8, true) & 0xff_ffff,
        })),
      }
    case 'ENUM':
      return {
        ...{ id, kind, name, lengthOctets: third },
        values: members.map((index) => ({
          name: textOf(rest + 8 * index),
          value: view.getInt32(rest + 8 * index + 4, true),
        })),
      }
    case 'ARRAY':
      return { id, kind, name, typeId: view.getUint32(rest, true), elements: view.getUint32(rest + 8, true) }
    case 'INT':
    case 'FLOAT':
    case 'ENUM64':
      return { id, kind, name, lengthOctets: third }
    case 'VOID':
    case 'PTR':
    case 'FWD':
    case 'TYPEDEF':
    case 'VOLATILE':
    case 'CONST':
    case 'RESTRICT':
    case 'FUNC':
    case 'FUNC_PROTO':
    case 'VAR':
    case 'DATASEC':
    case 'DECL_TAG':
    case 'TYPE_TAG':
      return { id, kind, name, typeId: third }
  }
}

/** Octets of a type, through typedefs and arrays; undefined for one that has no length. */
export function lengthOfType(types: ReadonlyMap<number, BtfType>, id: number): number | undefined {
  const type = types.get(id)
  if (type?.kind === 'ARRAY') {
    const element = lengthOfType(types, type.typeId ?? 0)
    return element === undefined ? undefined : element * (type.elements ?? 0)
  }
  if (type?.lengthOctets !== undefined) return type.lengthOctets
  return type?.typeId === undefined ? undefined : lengthOfType(types, type.typeId)
}
