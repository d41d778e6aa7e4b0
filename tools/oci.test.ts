import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { configFlags, imageDigest, onceForKey, settleModes } from './oci.ts'

test('configFlags() gives each word of the entrypoint a flag of its own and always a PATH', () => {
  const flags = configFlags({ entrypoint: ['/usr/bin/catatonit', '-P'], labels: { a: 'b' } })
  const values = (flag: string) => flags.filter((_, i) => flags[i - 1] === flag)
  assert.deepEqual(values('--config.entrypoint'), ['/usr/bin/catatonit', '-P'])
  assert.deepEqual(values('--config.env'), ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'])
  assert.deepEqual(values('--config.label'), ['a=b'])
  assert.deepEqual(values('--manifest.annotation'), ['a=b'])
  assert.deepEqual(values('--created'), ['1970-01-01T00:00:00Z'])
  assert.deepEqual(values('--os'), ['linux'])
})

test('onceForKey() makes a layout again only for another key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-oci-'))
  try {
    const layout = join(folder, 'image')
    let made = 0
    const make = async () => {
      made++
      rmSync(layout, { recursive: true, force: true })
      mkdirSync(layout)
    }
    assert.deepEqual([await onceForKey(layout, 'a', make), await onceForKey(layout, 'a', make)], [true, false])
    assert.equal(await onceForKey(layout, 'b', make), true)
    assert.equal(await onceForKey(layout, 'a', make), true) // what was made of a is gone
    assert.equal(made, 3)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('settleModes() undoes what a umask did, keeps programs and folders for everybody, and takes setuid bits away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-oci-'))
  const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o7777).toString(8)
  try {
    mkdirSync(join(folder, 'tmp'))
    mkdirSync(join(folder, 'usr'))
    symlinkSync('absent', join(folder, 'usr/link'))
    for (const [path, mode] of [
      ['usr/file', 0o600],
      ['usr/shared', 0o664],
      ['usr/program', 0o700],
      ['usr/passwd', 0o4755],
    ] as const) {
      writeFileSync(join(folder, path), '')
      chmodSync(join(folder, path), mode)
    }
    chmodSync(join(folder, 'tmp'), 0o1777)
    for (const path of ['usr', '.']) chmodSync(join(folder, path), 0o700)
    settleModes(folder)
    const paths = ['.', 'tmp', 'usr', 'usr/file', 'usr/shared', 'usr/program', 'usr/passwd']
    assert.deepEqual(paths.map(modeOf), ['755', '1777', '755', '644', '644', '755', '755'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('imageDigest() is that of the manifest under the tag', () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-oci-'))
  const manifest = (tag: string, digest: string) => ({
    digest,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  })
  try {
    const manifests = [manifest('1', 'sha256:a'), { digest: 'sha256:c' }, manifest('2', 'sha256:b')]
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ manifests }))
    assert.equal(imageDigest(folder, '2'), 'sha256:b')
    assert.throws(() => imageDigest(folder, '3'), /has no image under 3/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
