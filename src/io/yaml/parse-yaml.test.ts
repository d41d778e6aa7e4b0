import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseYaml } from './parse-yaml.ts'

const problems = (text: string) => parseYaml(text).map((read) => (read.ok ? '' : read.error.problem))

test('parseYaml() reads documents of YAML and of JSON', () => {
  const values = parseYaml('a: [1, x]\n---\n{"b": null}\n').map((read) => read.ok && read.value)
  assert.deepEqual(values, [{ a: [1, 'x'] }, { b: null }])
})

test('parseYaml() goes on beside a document that is none, and says where it goes wrong', () => {
  const [good, bad] = problems('a: 1\n---\na: [\n')
  assert.equal(good, '')
  assert.match(bad ?? '', /^is no YAML: .*line \d+/)
})

test('parseYaml() of nothing is nothing', () => {
  assert.deepEqual(parseYaml(''), [])
})

test('parseYaml() refuses aliases that grow without end', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const lines = names.map(
    (name, index) =>
      `${name}: &${name} [${Array(10)
        .fill(index === 0 ? 'x' : `*${names[index - 1]}`)
        .join(', ')}]`,
  )
  assert.match(problems(lines.join('\n'))[0] ?? '', /^cannot be read: /)
})

test('parseYaml() never throws', () => {
  const part = fc.constantFrom(
    '- ',
    'a: ',
    '&a ',
    '*a ',
    '*b',
    '{',
    '}',
    '[',
    ']',
    '\n',
    '  ',
    '---\n',
    '!!x ',
    '|',
    '"',
    '%',
    'x',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        assert.ok(parseYaml(text).length >= 0)
      },
    ),
  )
})
