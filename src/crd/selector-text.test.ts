import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatSelector } from '#model/selector.ts'
import { parseSelectorText } from './selector-text.ts'

for (const text of ['zone=a', 'a!=b', 'tier in (x,y),!canary', 'example.com/zone', 'a notin (b,c),d=', '<all>']) {
  test(`parseSelectorText() reads ${text}`, () => {
    const parsed = parseSelectorText(text === '<all>' ? '' : text)
    assert.ok(parsed.ok)
    assert.equal(formatSelector(parsed.value), text)
  })
}

test('parseSelectorText() reads == and white space', () => {
  const parsed = parseSelectorText(' zone == a , tier in ( x , y ) ')
  assert.ok(parsed.ok)
  assert.equal(formatSelector(parsed.value), 'zone=a,tier in (x,y)')
})

for (const [text, part] of [
  ['zone=a,', ''],
  ['a b', 'a b'],
  ['zone in x', 'zone in x'],
  ['-a=b', '-a=b'],
] as const) {
  test(`parseSelectorText() names the part of ${text} that is no requirement`, () => {
    assert.deepEqual(parseSelectorText(text), { ok: false, error: part })
  })
}

test('parseSelectorText() never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.ok(typeof parseSelectorText(text).ok === 'boolean')))
})
