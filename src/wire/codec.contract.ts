import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Result } from '#model/result.ts'

export interface CodecUnderTest<T> {
  /** As tests name it: `Lb4Key`. */
  readonly name: string
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Result<T, { readonly code: string }>
  /** Octets that did not come from `encode`, in hexadecimal, and what they say. */
  readonly known: readonly { readonly source: string; readonly hex: string; readonly value: T }[]
  readonly anyValue: fc.Arbitrary<T>
  /** What a message that is cut short is called. */
  readonly truncated: string
  /** The first known octets with one octet changed, and the code of the defect. */
  readonly defects: readonly {
    readonly what: string
    readonly offset: number
    readonly octet: number
    readonly code: string
  }[]
}

/** The five tests that every codec has. */
export function testCodec<T>(codec: CodecUnderTest<T>): void {
  for (const { source, hex, value } of codec.known) {
    test(`encode${codec.name}() and decode${codec.name}() agree with ${source}`, () => {
      assert.deepEqual(codec.decode(fromHex(hex)), { ok: true, value })
      assert.equal(toHex(codec.encode(value)), hex.replaceAll(' ', ''))
    })
  }

  test(`decode${codec.name}() undoes encode${codec.name}(), also in the middle of a bigger buffer`, () => {
    const property = fc.property(codec.anyValue, fc.nat(15), (value, before) => {
      const encoded = codec.encode(value)
      const bigger = new Uint8Array(before + encoded.length + 3).fill(0xa5)
      bigger.set(encoded, before)
      assert.deepEqual(codec.decode(bigger.subarray(before, before + encoded.length)), { ok: true, value })
    })
    fc.assert(property)
  })

  test(`decode${codec.name}() never throws, whatever the octets`, () => {
    const length = codec.encode(fc.sample(codec.anyValue, { numRuns: 1, seed: 1 })[0] as T).length
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 2 * length }),
      fc.uint8Array({ minLength: length, maxLength: length }),
    )
    fc.assert(fc.property(octets, (bytes) => typeof codec.decode(bytes).ok === 'boolean'))
  })

  test(`decode${codec.name}() refuses every truncation`, () => {
    for (const { hex } of codec.known) {
      const whole = fromHex(hex)
      for (let length = 0; length < whole.length; length++) {
        const decoded = codec.decode(whole.subarray(0, length))
        assert.equal(decoded.ok ? 'accepted' : decoded.error.code, codec.truncated, `${length} octets`)
      }
    }
  })

  for (const { what, offset, octet, code } of codec.defects) {
    test(`decode${codec.name}() refuses ${what}`, () => {
      const bytes = fromHex(codec.known[0]?.hex ?? '')
      bytes[offset] = octet
      const decoded = codec.decode(bytes)
      assert.equal(decoded.ok ? 'accepted' : decoded.error.code, code)
    })
  }
}

/** Octets in hexadecimal; blanks are for the reader. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(' ', '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  )
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('')
}
