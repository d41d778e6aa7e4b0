import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBpf } from '#tools/build-bpf.ts'
import { checkLayouts } from '#tools/check-bpf-layout.ts'

test('the codecs agree with the BTF of the objects', () => {
  const { compared, problems } = checkLayouts(buildBpf())
  assert.deepEqual(problems, [])
  assert.equal(compared.length, 18 + 13)
})
