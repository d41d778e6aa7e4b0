import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignConfs, isConfName, isMetaConf, pluginTypes } from './conf-files.ts'

test('foreignConfs() orders by name, as container runtimes read, and leaves out ours and what they do not read', () => {
  const names = ['87-podman.conflist', '05-balise.conflist', '10-calico.conflist.balise_bak', '00-multus.conf', '.tmp']
  const confs = foreignConfs(names.map((name) => ({ name, text: '{"name":"n","type":"t","plugins":[{"type":"t"}]}' })))
  assert.deepEqual(
    confs.map(({ file }) => file),
    ['00-multus.conf', '87-podman.conflist'],
  )
})

test('foreignConfs() reads a file for one plugin as a list of one', () => {
  const [conf] = foreignConfs([{ name: '10-bridge.conf', text: '{"cniVersion":"0.3.1","name":"b","type":"bridge"}' }])
  assert.ok(conf !== undefined)
  assert.deepEqual([conf.network, conf.cniVersion, pluginTypes(conf)], ['b', '0.3.1', ['bridge']])
  assert.equal(conf.mistake, undefined)
})

test('foreignConfs() takes no configuration of lo alone for a network', () => {
  const confs = foreignConfs([
    { name: '99-loopback.conf', text: '{"cniVersion":"0.3.1","name":"lo","type":"loopback"}' },
    { name: '10-b.conflist', text: '{"name":"b","plugins":[{"type":"bridge"},{"type":"loopback"}]}' },
  ])
  assert.deepEqual(
    confs.map(({ file }) => file),
    ['10-b.conflist'],
  )
})

const UNUSABLE: readonly (readonly [text: string | undefined, mistake: RegExp])[] = [
  [undefined, /cannot be read/],
  ['', /not a JSON object/],
  ['{"name":', /not a JSON object/],
  ['[]', /not a JSON object/],
  ['{}', /has no plugins/],
  ['{"plugins":[]}', /has no plugins/],
  ['{"plugins":["bridge"]}', /has no plugins/],
  ['{"plugins":[{"name":"x"}]}', /without a type/],
]

for (const [text, mistake] of UNUSABLE) {
  test(`foreignConfs() says what is wrong with ${text ?? 'a file that cannot be read'}`, () => {
    const [conf] = foreignConfs([{ name: '10-x.conflist', text }])
    assert.match(conf?.mistake ?? '', mistake)
  })
}

test('isMetaConf() knows a plugin that asks others', () => {
  const confs = foreignConfs([
    { name: '00-multus.conf', text: '{"name":"multus","type":"multus"}' },
    { name: '10-flannel.conflist', text: '{"name":"f","plugins":[{"type":"flannel"}]}' },
  ])
  assert.deepEqual(confs.map(isMetaConf), [true, false])
})

test('isConfName() takes the names that libcni takes', () => {
  const names = ['a.conf', 'a.conflist', 'a.json', 'a.conflist.cilium_bak', '.05-balise.conflist.new', 'README']
  assert.deepEqual(names.map(isConfName), [true, true, true, false, false, false])
})
