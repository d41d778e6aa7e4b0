import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileInterfacePattern } from './interface-pattern.ts'

const MATCHES: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
  ['eth1', 'eth10', true],
  ['^eth1$', 'eth10', false],
  ['\\Aeth1\\z', 'eth1', true],
  ['^eth[[:digit:]]+$', 'eth12', true],
  ['^eth[^[:digit:]]$', 'eth1', false],
  ['(?i)ETH0', 'eth0', true],
  ['(?P<kind>eth|ens)\\d', 'ens3', true],
  ['\\Qbr-lan.10\\E', 'br-lan.10', true],
  ['\\Qbr.\\E', 'brx', false],
  ['eth0\\.10', 'eth0.10', true],
  ['br\\-lan', 'br-lan', true],
  ['[a-z_-]+0', 'my-net_x0', true],
  ['eth{1}0', 'eth0', true],
  ['a{', 'a{', true],
  ['[]x]', ']', true],
  ['\\pL+\\x{30}', 'eth0', true],
  ['', 'anything', true],
]
for (const [pattern, name, matches] of MATCHES) {
  test(`compileInterfacePattern() ${pattern} ${matches ? 'matches' : 'does not match'} ${name}`, () => {
    const compiled = compileInterfacePattern(pattern)
    assert.ok(compiled.ok)
    assert.equal(compiled.value.test(name), matches)
  })
}

const REFUSED: readonly (readonly [pattern: string, problem: RegExp, remedy: RegExp])[] = [
  ['ens(', /does not compile \(unterminated group\)/, /close every \(/],
  ['*eth', /nothing to repeat/, /not a shell pattern: write \.\*/],
  ['eth**', /nothing to repeat/, /one repetition sign/],
  ['eth[', /unterminated character class/, /close every/],
  ['(?=e)eth', /look-ahead/, /list the interfaces/],
  ['(?<!e)eth', /look-behind/, /list the interfaces/],
  ['(e)\\1', /back reference/, /write the text out/],
  ['a(?i)b', /flags in its middle/, /at the start/],
  ['[[:^digit:]]', /negated class/, /instead of/],
  ['(?>a)', /atomic group/, /write \(\?:/],
]
for (const [pattern, problem, remedy] of REFUSED) {
  test(`compileInterfacePattern() refuses ${pattern}`, () => {
    const compiled = compileInterfacePattern(pattern)
    assert.ok(!compiled.ok)
    assert.match(compiled.error.problem, problem)
    assert.match(compiled.error.remedy, remedy)
  })
}

test('compileInterfacePattern() takes every name of letters and digits for itself', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{1,15}$/), (name) => {
      const compiled = compileInterfacePattern(`^${name}$`)
      assert.ok(compiled.ok && compiled.value.test(name))
    }),
  )
})

test('compileInterfacePattern() never throws', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(typeof compileInterfacePattern(text).ok, 'boolean')
    }),
  )
})
