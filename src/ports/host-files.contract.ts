import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostFileError, type HostFiles } from './host-files.ts'

export interface OpenHostFiles {
  readonly files: HostFiles
  /** A folder that is there and empty. */
  readonly folder: string
  /** Puts a file there as somebody else. */
  put(path: string, text: string): void
}

const BOUND = { timeout: 20_000 }

/** What all `HostFiles` promise: run on the fake and on the machine's. */
export function hostFilesContract(subject: string, open: () => OpenHostFiles): void {
  test(`${subject} says nothing is there where nothing is`, () => {
    const { files, folder } = open()
    const path = `${folder}/none`
    assert.deepEqual([files.list(path), files.readText(path), files.stat(path)], [undefined, undefined, undefined])
    assert.equal(files.remove(path), false)
    assert.equal(files.sameContent(path, path), false)
  })

  test(`${subject} lists names in order, and reads what was written`, () => {
    const { files, folder } = open()
    files.replace(`${folder}/b`, 'bee')
    files.replace(`${folder}/a`, 'ay')
    files.replace(`${folder}/b`, 'bees')
    assert.deepEqual(files.list(folder), ['a', 'b'])
    assert.equal(files.readText(`${folder}/b`), 'bees')
    assert.equal(files.stat(`${folder}/b`)?.sizeOctets, 4)
  })

  test(`${subject} writes into a folder that is there, and makes folders when asked`, () => {
    const { files, folder } = open()
    const inner = `${folder}/x/y`
    assert.throws(
      () => files.replace(`${inner}/a`, 'a'),
      (error) => error instanceof HostFileError && error.failure.errno === 'ENOENT',
    )
    files.makeFolder(inner)
    files.makeFolder(inner)
    files.replace(`${inner}/a`, 'a')
    assert.deepEqual([files.list(folder), files.list(inner)], [['x'], ['a']])
  })

  test(`${subject} writes in place only what is there`, () => {
    const { files, folder, put } = open()
    put(`${folder}/setting`, '0')
    files.writeInPlace(`${folder}/setting`, '1')
    assert.equal(files.readText(`${folder}/setting`), '1')
    assert.throws(
      () => files.writeInPlace(`${folder}/other`, '1'),
      (error) => error instanceof HostFileError && error.failure.errno === 'ENOENT',
    )
  })

  test(`${subject} installs what differs, and says so`, () => {
    const { files, folder, put } = open()
    put(`${folder}/source`, 'one')
    assert.equal(files.install(`${folder}/source`, `${folder}/target`), true)
    assert.equal(files.install(`${folder}/source`, `${folder}/target`), false)
    put(`${folder}/source`, 'two')
    assert.equal(files.sameContent(`${folder}/source`, `${folder}/target`), false)
    assert.equal(files.install(`${folder}/source`, `${folder}/target`), true)
    assert.equal(files.readText(`${folder}/target`), 'two')
    assert.deepEqual(files.list(folder), ['source', 'target'])
  })

  test(`${subject} cannot install what is not there`, () => {
    const { files, folder } = open()
    assert.throws(() => files.install(`${folder}/none`, `${folder}/target`), HostFileError)
    assert.deepEqual(files.list(folder), [])
  })

  test(`${subject} renames and removes files and folders`, () => {
    const { files, folder, put } = open()
    put(`${folder}/d/a`, 'a')
    files.rename(`${folder}/d/a`, `${folder}/d/b`)
    assert.deepEqual(files.list(`${folder}/d`), ['b'])
    assert.deepEqual([files.remove(`${folder}/d`), files.remove(`${folder}/d`)], [true, false])
    assert.equal(files.list(`${folder}/d`), undefined)
    assert.throws(() => files.rename(`${folder}/none`, `${folder}/x`), HostFileError)
  })

  test(`${subject} tells of changes in a folder`, BOUND, async () => {
    const { files, folder, put } = open()
    const controller = new AbortController()
    const changes = files.changes(folder, controller.signal)[Symbol.asyncIterator]()
    const next = changes.next()
    await new Promise((resolve) => setImmediate(resolve)) // it listens from its first turn
    put(`${folder}/new`, 'x')
    assert.equal((await next).done, false)
    controller.abort()
    assert.equal((await changes.next()).done, true)
  })

  test(`${subject} cannot watch a folder that is not there`, BOUND, async () => {
    const { files, folder } = open()
    await assert.rejects(async () => {
      for await (const _ of files.changes(`${folder}/none`, new AbortController().signal)) return
    }, HostFileError)
  })
}
