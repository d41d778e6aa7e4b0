import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAptPolicy } from './setup-apt.ts'

test('parseAptPolicy() takes only packages with a candidate', () => {
  const answer = `clang-19:
  Installed: (none)
  Candidate: 1:19.1.7-3~deb12u1
  Version table:
     1:19.1.7-3~deb12u1 500
libbpf0:
  Installed: (none)
  Candidate: (none)
  Version table:
`
  assert.deepEqual([...parseAptPolicy(answer)], ['clang-19'])
  assert.deepEqual([...parseAptPolicy('')], [])
})
