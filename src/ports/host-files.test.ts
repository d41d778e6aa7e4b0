import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostFilesContract } from './host-files.contract.ts'
import { createFakeHostFiles } from './host-files.fake.ts'

hostFilesContract('createFakeHostFiles()', () => {
  const files = createFakeHostFiles()
  files.makeFolder('/folder')
  return { files, folder: '/folder', put: (path, text) => files.put(path, text) }
})

test('createFakeHostFiles() refuses to write where it was told to', () => {
  const files = createFakeHostFiles({ '/etc/a': 'a' })
  files.refuse(/^\/etc/, 'EROFS')
  assert.throws(() => files.replace('/etc/a', 'b'), /\/etc\/a cannot be written: EROFS/)
  files.refuse(undefined)
  files.replace('/etc/a', 'b')
  assert.equal(files.readText('/etc/a'), 'b')
})
