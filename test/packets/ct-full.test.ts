import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { BPF_FLAGS } from '#tools/build-bpf.ts'
import { findClang } from '#tools/setup-clang.ts'
import { readContents } from './contents.ts'
import { openKernel, PACKET_PROGRAMS } from './kernel.ts'
import { enterNamespaces } from './namespaces.ts'
import { tcp } from './packet.ts'
import { clearMaps, putService, REMOTE_BACKEND, WEB } from './scene.ts'

/** The kernel lets an LRU overflow only under memory pressure, so here the programs get a table that can: a plain one of `entries`. */
function buildWithTable(entries: number): string {
  const copy = mkdtempSync(join(tmpdir(), 'balise-ct-full-'))
  cpSync('bpf', join(copy, 'bpf'), { recursive: true })
  const maps = join(copy, 'bpf', 'include', 'maps.h')
  const source = readFileSync(maps, 'utf8')
  const changed = source
    .replace('#define CT_MAP_ENTRIES 262144', `#define CT_MAP_ENTRIES ${entries}`)
    .replace(
      'BPF_MAP_TYPE_LRU_HASH);\n\t__uint(max_entries, CT_MAP_ENTRIES)',
      'BPF_MAP_TYPE_HASH);\n\t__uint(max_entries, CT_MAP_ENTRIES)',
    )
  writeFileSync(maps, changed)
  for (const program of PACKET_PROGRAMS) {
    const flags = BPF_FLAGS.map((flag) => flag.replace('$TOP', copy))
    execFileSync(findClang() ?? 'clang', [...flags, '-c', `bpf/${program}.bpf.c`, '-o', `${program}.bpf.o`], {
      cwd: copy,
    })
  }
  return copy
}

const folder = buildWithTable(3)
const kernel = openKernel(folder, enterNamespaces())
after(() => {
  kernel.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => clearMaps(kernel.maps))

for (const [what, service] of [
  ['on this node', WEB],
  ['on another node', { ...WEB, backends: [REMOTE_BACKEND] }],
] as const) {
  test(`track() drops a flow to a backend ${what} that has room for one entry only, and leaves none behind`, () => {
    putService(kernel.maps, service)
    assert.notEqual(kernel.run('balise_ingress', tcp('S')).verdict, 'drop')
    const before = readContents(kernel.maps).ct
    const packet = tcp('S', { source: '192.168.10.50:40001' })
    assert.deepEqual(kernel.run('balise_ingress', packet), { verdict: 'drop', packet })
    const { ct, drops } = readContents(kernel.maps)
    assert.deepEqual([ct, drops], [before, { DROP_CT_FULL: 1 }])
  })
}

test('claim_source() drops a flow that has no room at all', () => {
  putService(kernel.maps, WEB)
  kernel.run('balise_ingress', tcp('S'))
  const map = kernel.maps.map('ct4')
  const [entry] = map.entries()
  assert.ok(entry)
  map.update(entry.key.with(2, 7), entry.value) // a flow of somebody else
  assert.equal(kernel.run('balise_ingress', tcp('S', { source: '192.168.10.50:40001' })).verdict, 'drop')
  assert.deepEqual([map.entries().length, readContents(kernel.maps).drops], [3, { DROP_CT_FULL: 1 }])
})
