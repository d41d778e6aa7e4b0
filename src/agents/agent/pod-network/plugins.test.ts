import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeHostFiles, type FakeHostFiles } from '#ports/host-files.fake.ts'
import { Plugins } from './plugins.ts'

function open(there: Readonly<Record<string, string>> = {}): {
  readonly files: FakeHostFiles
  readonly plugins: Plugins
} {
  const files = createFakeHostFiles({ '/image/balise-cni': 'new', ...there })
  return { files, plugins: new Plugins({ files, source: '/image/balise-cni', binDir: '/opt/cni/bin' }) }
}

test('Plugins installs the plugin under both names where there is none', () => {
  const { files, plugins } = open()
  assert.deepEqual(plugins.install(), ['loopback', 'balise-cni'])
  assert.deepEqual(files.list('/opt/cni/bin'), ['balise-cni', 'loopback'])
  assert.deepEqual(plugins.install(), [])
})

test("Plugins leaves somebody else's loopback alone", () => {
  const { files, plugins } = open({ '/opt/cni/bin/loopback': 'theirs' })
  assert.deepEqual(plugins.install(), ['balise-cni'])
  assert.equal(files.readText('/opt/cni/bin/loopback'), 'theirs')
})

test('Plugins brings an earlier version up to date under both names', () => {
  const { files, plugins } = open({ '/opt/cni/bin/loopback': 'old', '/opt/cni/bin/balise-cni': 'old' })
  assert.deepEqual(plugins.install(), ['loopback', 'balise-cni'])
  assert.deepEqual([files.readText('/opt/cni/bin/loopback'), files.readText('/opt/cni/bin/balise-cni')], ['new', 'new'])
})

test('Plugins puts back what somebody removed or changed', () => {
  const { files, plugins } = open()
  plugins.install()
  files.remove('/opt/cni/bin/balise-cni')
  assert.deepEqual(plugins.install(), ['balise-cni'])
  files.put('/opt/cni/bin/balise-cni', 'broken')
  assert.deepEqual(plugins.install(), ['balise-cni'])
  assert.equal(files.readText('/opt/cni/bin/balise-cni'), 'new')
})

test('Plugins names the binaries of another network that are not there', () => {
  const { plugins } = open({ '/opt/cni/bin/bridge': 'theirs' })
  assert.deepEqual(plugins.missing(['bridge', 'portmap']), ['portmap'])
})

test('Plugins tells an image without the plugin from a folder that cannot be written', () => {
  const { files, plugins } = open()
  files.refuse(/^\/opt/)
  assert.throws(() => plugins.install())
  assert.match(
    plugins.problemOf(new Error('EROFS')).message,
    /cannot be installed on the host: EROFS; set cni\.binPath/,
  )
  files.refuse(undefined)
  files.remove('/image/balise-cni')
  assert.match(plugins.problemOf(new Error('ENOENT')).message, /there is no \/image\/balise-cni/)
})
