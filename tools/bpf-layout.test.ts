import assert from 'node:assert/strict'
import { test } from 'node:test'
import { be16, octets, u8, u32 } from '#wire/bpf/field.ts'
import { compareLayouts } from './bpf-layout.ts'
import type { BtfType } from './btf.ts'

const TYPES: readonly BtfType[] = [
  { id: 1, kind: 'INT', name: 'unsigned int', lengthOctets: 4 },
  { id: 2, kind: 'TYPEDEF', name: '__u32', typeId: 1 },
  { id: 3, kind: 'INT', name: 'unsigned short', lengthOctets: 2 },
  { id: 4, kind: 'TYPEDEF', name: '__be16', typeId: 3 },
  { id: 5, kind: 'INT', name: 'unsigned char', lengthOctets: 1 },
  { id: 6, kind: 'ARRAY', name: '', typeId: 5, elements: 6 },
  {
    id: 7,
    kind: 'STRUCT',
    name: 'thing',
    lengthOctets: 12,
    members: [
      { name: 'number', typeId: 2, offsetBits: 0 },
      { name: 'port', typeId: 4, offsetBits: 32 },
      { name: 'mac', typeId: 6, offsetBits: 48 },
    ],
  },
  {
    id: 8,
    kind: 'ENUM',
    name: 'colour',
    lengthOctets: 4,
    values: [
      { name: 'RED', value: 0 },
      { name: 'BLUE', value: 1 },
    ],
  },
]
const THING = { struct: 'thing', lengthOctets: 12, fields: { number: u32(0), port: be16(4), mac: octets(6, 6) } }
const COLOUR = { RED: 0, BLUE: 1 }

function problems(
  layout: typeof THING | { struct: string; lengthOctets: number; fields: object },
  colour: Record<string, number> = COLOUR,
): readonly string[] {
  return compareLayouts(TYPES, [layout as typeof THING], { colour }).problems
}

test('compareLayouts() finds nothing where both sides agree, and says what it compared', () => {
  assert.deepEqual(compareLayouts(TYPES, [THING], { colour: COLOUR }), { problems: [], compared: ['thing', 'colour'] })
})

test('compareLayouts() leaves out what the object does not have', () => {
  assert.deepEqual(compareLayouts([], [THING], { colour: COLOUR }), { problems: [], compared: [] })
})

test('compareLayouts() names every difference of a struct', () => {
  const { fields } = THING
  assert.deepEqual(problems({ ...THING, lengthOctets: 16 }), ['struct thing has 12 octets in C, 16 in its codec'])
  assert.deepEqual(problems({ ...THING, fields: { ...fields, port: be16(8) } }), [
    'thing.port is at 4 in C, at 8 in its codec',
  ])
  assert.deepEqual(problems({ ...THING, fields: { ...fields, mac: octets(6, 4) } }), [
    'thing.mac has 6 octets in C, 4 in its codec',
  ])
  assert.deepEqual(problems({ ...THING, fields: { ...fields, more: u8(11) } }), [
    'thing.more is in its codec, not in C',
  ])
  assert.deepEqual(problems({ ...THING, fields: { number: fields.number, port: fields.port } }), [
    'struct thing has a member mac in C, its codec has none',
  ])
})

test('compareLayouts() tells orders of octets apart', () => {
  const fields = { ...THING.fields, port: { ...THING.fields.port, kind: 'u16' } }
  assert.deepEqual(problems({ ...THING, fields }), ['thing.port is a __be16 in C, a __u16 in its codec'])
})

test('compareLayouts() names every difference of an enum', () => {
  assert.deepEqual(problems(THING, { RED: 0, BLUE: 2 }), ['BLUE of enum colour is 1 in C, 2 in consts.ts'])
  assert.deepEqual(problems(THING, { RED: 0 }), ['BLUE of enum colour is 1 in C, missing in consts.ts'])
  assert.deepEqual(problems(THING, { ...COLOUR, GREEN: 2 }), ['GREEN of enum colour is missing in C, 2 in consts.ts'])
})
