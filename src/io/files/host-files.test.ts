import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { hostFilesContract } from '#ports/host-files.contract.ts'
import { createHostFiles } from './host-files.ts'

const TOP = mkdtempSync(join(tmpdir(), 'blt-files-'))
let rooms = 0
after(() => rmSync(TOP, { recursive: true, force: true }))

function room(): string {
  const folder = join(TOP, String(++rooms))
  mkdirSync(folder)
  return folder
}

hostFilesContract('createHostFiles()', () => ({
  files: createHostFiles(),
  folder: room(),
  put(path, text) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  },
}))

test('createHostFiles() installs programs that can be run, also over one that could not', () => {
  const folder = room()
  const [source, target] = [join(folder, 'source'), join(folder, 'target')]
  writeFileSync(source, 'program')
  createHostFiles().install(source, target)
  assert.equal(statSync(target).mode & 0o777, 0o755)
  chmodSync(target, 0o644)
  assert.equal(createHostFiles().install(source, target), true)
  assert.equal(statSync(target).mode & 0o777, 0o755)
})

test('createHostFiles() replaces a file by another: who reads the old one reads it to its end', () => {
  const path = join(room(), 'conf')
  writeFileSync(path, 'old')
  const { ino } = statSync(path)
  createHostFiles().replace(path, 'new')
  assert.notEqual(statSync(path).ino, ino)
  assert.equal(readFileSync(path, 'utf8'), 'new')
})

test('createHostFiles() compares programs to their last octet', () => {
  const folder = room()
  const [a, b] = [join(folder, 'a'), join(folder, 'b')]
  const program = Buffer.alloc(200_000, 'x')
  writeFileSync(a, program)
  writeFileSync(b, program)
  assert.equal(createHostFiles().sameContent(a, b), true)
  program[199_999] = 0
  writeFileSync(b, program)
  assert.equal(createHostFiles().sameContent(a, b), false)
  writeFileSync(b, program.subarray(1))
  assert.equal(createHostFiles().sameContent(a, b), false)
})
