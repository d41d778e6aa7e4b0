import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readProvenance, sourceUrl } from './provenance.ts'

test('sourceUrl() is a web address without a name or password, and none of a path', () => {
  assert.equal(
    sourceUrl('https://me:secret@git.example.com:8443/a/balise.git'),
    'https://git.example.com:8443/a/balise.git',
  )
  assert.equal(sourceUrl('git@git.example.com:a/balise.git'), 'https://git.example.com/a/balise.git')
  assert.equal(sourceUrl('ssh://git@git.example.com:22022/a/balise'), 'https://git.example.com/a/balise')
  for (const path of ['/srv/balise', '../balise', 'file:///srv/balise', '']) assert.equal(sourceUrl(path), undefined)
})

test('readProvenance() says commit, time and source, and that inputs differ from the commit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-provenance-'))
  const git = (...args: readonly string[]) => {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
    const env = { ...process.env, GIT_COMMITTER_DATE: '@1700000000 +0200', GIT_AUTHOR_DATE: '@1 +0000' }
    return execFileSync('git', ['-C', folder, ...who, ...args], { encoding: 'utf8', env }).trim()
  }
  try {
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'src', 'a.ts'), '')
    git('init', '-q')
    git('add', '.')
    git('commit', '-q', '-m', 'One')
    const revision = git('rev-parse', 'HEAD')
    const read = (env = {}) => readProvenance(folder, ['src'], env)
    assert.deepEqual(read(), { revision, source: undefined, created: '2023-11-14T22:13:20Z' })
    git('remote', 'add', 'origin', 'git@git.example.com:a/balise')
    writeFileSync(join(folder, 'notes'), 'not in the image')
    assert.deepEqual([read().revision, read().source], [revision, 'https://git.example.com/a/balise'])
    writeFileSync(join(folder, 'src', 'a.ts'), 'changed')
    assert.equal(read().revision, `${revision}-dirty`)
    const given = read({ SOURCE_DATE_EPOCH: '86400', BALISE_IMAGE_SOURCE: 'https://example.com/b' })
    assert.deepEqual([given.created, given.source], ['1970-01-02T00:00:00Z', 'https://example.com/b'])
    assert.throws(() => read({ SOURCE_DATE_EPOCH: 'today' }), /SOURCE_DATE_EPOCH is "today"/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('readProvenance() of an unpacked archive has no revision and the time 0', () => {
  const folder = mkdtempSync(join(tmpdir(), 'balise-archive-'))
  try {
    const nothing = { revision: undefined, source: undefined, created: '1970-01-01T00:00:00Z' }
    assert.deepEqual(readProvenance(folder, ['.'], {}), nothing)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
