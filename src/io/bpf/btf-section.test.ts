import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sectionVariables } from './btf-section.ts'

/** Kinds of Documentation/bpf/btf.rst. */
const INT = 1
const VAR = 14
const DATASEC = 15

/** Raw BTF: `unsigned int`; variables `build` and `limit` of it; section `.rodata` with both. */
function makeBtf(): Uint8Array {
  const strings = '\0unsigned int\0build\0limit\0.rodata\0'
  const at = (name: string): number => strings.indexOf(`\0${name}\0`) + 1
  const info = (kind: number, members = 0): number => (kind << 24) | members
  const types = [
    ...[at('unsigned int'), info(INT), 4, 32],
    ...[at('build'), info(VAR), 1, 1],
    ...[at('limit'), info(VAR), 1, 1],
    ...[at('.rodata'), info(DATASEC, 2), 8, 2, 0, 4, 3, 4, 4],
  ]
  const header = new DataView(new ArrayBuffer(24))
  header.setUint16(0, 0xeb9f, true)
  header.setUint8(2, 1)
  for (const [index, number] of [24, 0, types.length * 4, types.length * 4, strings.length].entries())
    header.setUint32(4 + 4 * index, number, true)
  const words = new DataView(new ArrayBuffer(types.length * 4))
  for (const [index, word] of types.entries()) words.setUint32(4 * index, word, true)
  return Uint8Array.from([
    ...new Uint8Array(header.buffer),
    ...new Uint8Array(words.buffer),
    ...new TextEncoder().encode(strings),
  ])
}

test('sectionVariables() lists the variables of a section, where they lie and how long they are', () => {
  assert.deepEqual(sectionVariables(makeBtf(), '.rodata'), [
    { name: 'build', offsetOctets: 0, lengthOctets: 4 },
    { name: 'limit', offsetOctets: 4, lengthOctets: 4 },
  ])
})

test('sectionVariables() finds nothing in a section that is not there', () => {
  assert.deepEqual(sectionVariables(makeBtf(), '.data'), [])
})

test('sectionVariables() never throws: not for any octets, nor for good ones that are cut or changed', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => void sectionVariables(octets, '.rodata')))
  const good = makeBtf()
  for (let length = 0; length < good.length; length++) sectionVariables(good.subarray(0, length), '.rodata')
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (index, octet) => {
      const changed = good.slice()
      changed[index] = octet
      sectionVariables(changed, '.rodata')
    }),
    { numRuns: 2000 },
  )
})
