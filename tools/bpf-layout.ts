import type { StructLayout } from '#wire/bpf/struct-layout.ts'
import { type BtfType, lengthOfType } from './btf.ts'

export type Enums = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What the C side says that the codecs do not, or the other way round; a sentence each. */
export interface LayoutComparison {
  readonly problems: readonly string[]
  /** Names of structs and enums that both sides have. */
  readonly compared: readonly string[]
}

/** The typedef of a field in C, by its kind here. */
const TYPEDEFS: Readonly<Record<string, string>> = {
  be16: '__be16',
  be32: '__be32',
  u8: '__u8',
  u16: '__u16',
  u32: '__u32',
  u64: '__u64',
}

/** Compares every struct and enum of ours that occurs in `types`. */
export function compareLayouts(
  types: readonly BtfType[],
  layouts: readonly StructLayout[],
  enums: Enums,
): LayoutComparison {
  const byId = new Map(types.map((type) => [type.id, type]))
  const structs = layouts.flatMap((layout) => {
    const type = types.find(({ kind, name }) => kind === 'STRUCT' && name === layout.struct)
    return type === undefined ? [] : [{ name: layout.struct, problems: compareStruct(byId, type, layout) }]
  })
  const numbers = Object.entries(enums).flatMap(([name, values]) => {
    const type = types.find((candidate) => candidate.kind === 'ENUM' && candidate.name === name)
    return type === undefined ? [] : [{ name, problems: compareEnum(type, values) }]
  })
  const all = [...structs, ...numbers]
  return { problems: all.flatMap(({ problems }) => problems), compared: all.map(({ name }) => name) }
}

function compareStruct(
  types: ReadonlyMap<number, BtfType>,
  type: BtfType,
  { struct, lengthOctets, fields }: StructLayout,
): readonly string[] {
  const members = type.members ?? []
  const problems: string[] = []
  if (type.lengthOctets !== lengthOctets)
    problems.push(`struct ${struct} has ${type.lengthOctets} octets in C, ${lengthOctets} in its codec`)
  for (const { name, typeId, offsetBits } of members) {
    const field = fields[name]
    if (field === undefined) {
      problems.push(`struct ${struct} has a member ${name} in C, its codec has none`)
      continue
    }
    const inC = { offset: offsetBits / 8, length: lengthOfType(types, typeId), typedef: types.get(typeId)?.name }
    if (inC.offset !== field.offset)
      problems.push(`${struct}.${name} is at ${inC.offset} in C, at ${field.offset} in its codec`)
    if (inC.length !== field.lengthOctets) {
      problems.push(`${struct}.${name} has ${inC.length} octets in C, ${field.lengthOctets} in its codec`)
    }
    const typedef = TYPEDEFS[field.kind]
    if (typedef !== undefined && typedef !== inC.typedef) {
      problems.push(`${struct}.${name} is a ${inC.typedef} in C, a ${typedef} in its codec`)
    }
  }
  for (const name of Object.keys(fields)) {
    if (!members.some((member) => member.name === name)) problems.push(`${struct}.${name} is in its codec, not in C`)
  }
  return problems
}

function compareEnum(type: BtfType, ours: Readonly<Record<string, number>>): readonly string[] {
  const inC = new Map((type.values ?? []).map(({ name, value }) => [name, value]))
  return [...new Set([...inC.keys(), ...Object.keys(ours)])]
    .filter((name) => inC.get(name) !== ours[name])
    .map(
      (name) =>
        `${name} of enum ${type.name} is ${inC.get(name) ?? 'missing'} in C, ${ours[name] ?? 'missing'} in consts.ts`,
    )
}
