import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('preferSmallHeap() sets a flag that this V8 knows: it says on stderr which it does not', () => {
  const module = JSON.stringify(join(import.meta.dirname, 'small-heap.ts'))
  const program = `import { preferSmallHeap } from ${module}; preferSmallHeap(); console.log('set')`
  const argv = ['--input-type=module', '--eval', program]
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  assert.deepEqual({ stdout, stderr }, { stdout: 'set\n', stderr: '' })
})
