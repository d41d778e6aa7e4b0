import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestClang } from './setup-clang.ts'

test('newestClang() orders by number and leaves out what is too old or something else', () => {
  const paths = [
    '/usr/bin/clang-9',
    '/usr/bin/clang-14',
    '/opt/bin/clang-19',
    '/usr/bin/clang-format-19',
    '/usr/bin/clang-cpp-16',
    '/usr/bin/clang',
  ]
  assert.deepEqual(newestClang(paths), ['/opt/bin/clang-19', '/usr/bin/clang-14'])
})

test('newestClang() keeps the order of PATH among the same version', () => {
  assert.deepEqual(newestClang(['/a/clang-19', '/b/clang-19']), ['/a/clang-19', '/b/clang-19'])
})
