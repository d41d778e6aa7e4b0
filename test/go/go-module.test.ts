import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoTests } from './go-module.ts'

const lines = (...events: readonly object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('')

test('parseGoTests() tells a test that failed, with what it said', () => {
  const output = lines(
    { Action: 'run', Package: 'p', Test: 'TestA' },
    { Action: 'output', Package: 'p', Test: 'TestA', Output: 'a_test.go:7: wrong\n' },
    { Action: 'fail', Package: 'p', Test: 'TestA' },
    { Action: 'pass', Package: 'p', Test: 'TestB' },
    { Action: 'fail', Package: 'p' },
  )
  assert.deepEqual(parseGoTests(output), [
    { name: 'p TestA', passed: false, output: 'a_test.go:7: wrong\n' },
    { name: 'p TestB', passed: true, output: '' },
  ])
})

test('parseGoTests() tells a package that does not compile', () => {
  const output = `# p\np.go:3: undefined: x\n${lines({ Action: 'fail', Package: 'p' })}`
  const [only, ...others] = parseGoTests(output)
  assert.deepEqual(others, [])
  assert.ok(only !== undefined && !only.passed && only.output.includes('undefined: x'))
})

test('parseGoTests() leaves out packages without tests', () => {
  assert.deepEqual(parseGoTests(lines({ Action: 'skip', Package: 'p' }, { Action: 'pass', Package: 'q' })), [])
})
