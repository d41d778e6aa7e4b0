import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { decodeL2Policy } from '#crd/l2-policy.ts'
import { decodePool } from '#crd/pool.ts'
import { assertGolden } from '#cli/golden.ts'
import { readDocuments } from './documents.ts'
import { migrate } from './migrate.ts'
import { renderMigration } from './render.ts'

function migrationOf(name: string): ReturnType<typeof migrate> {
  const path = `${name}.in.yaml`
  return migrate(readDocuments(path, readFileSync(join(import.meta.dirname, 'testdata', path), 'utf8')))
}

const NAMES = ['simple', 'everything', 'mistakes', 'legacy', 'site']

for (const name of NAMES) {
  test(`renderMigration() of ${name}`, (t) => {
    assertGolden(t, import.meta.dirname, `${name}.out.yaml`, renderMigration(migrationOf(name)))
  })
}

test('renderMigration() is YAML of manifests that Balise reads without a mistake', () => {
  const decoders = { CiliumLoadBalancerIPPool: decodePool, CiliumL2AnnouncementPolicy: decodeL2Policy }
  let read = 0
  for (const name of NAMES) {
    for (const document of parseAllDocuments(renderMigration(migrationOf(name)))) {
      const manifest = document.toJS() as { readonly kind: keyof typeof decoders } | null
      if (manifest === null) continue
      assert.deepEqual(decoders[manifest.kind](manifest).mistakes, [])
      read += 1
    }
  }
  assert.equal(
    read,
    NAMES.reduce((sum, name) => sum + migrationOf(name).outcomes.flatMap((one) => one.manifests).length, 0),
  )
  assert.ok(read >= 10)
})

test('renderMigration() keeps what others wrote inside its comments', () => {
  const outcome = { subject: 'IPAddressPool a\nkind: Evil', source: 'x\r- y', manifests: [], notes: [] }
  const text = renderMigration({ version: 1, outcomes: [outcome] })
  assert.ok(text.split(/[\r\n]/).every((line) => line === '' || line.startsWith('#')))
})

test('renderMigration() says when there is nothing', () => {
  assert.equal(renderMigration(migrate([])), '# There is no configuration of MetalLB here.\n')
})
