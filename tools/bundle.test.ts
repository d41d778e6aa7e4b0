import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundle, packageVersion } from './bundle.ts'

const MOST_OCTETS = 4 << 20

test('bundle() makes a program that runs without node_modules but for koffi, and stays small', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'balise-bundle-')), 'balise')
  try {
    await bundle(folder)
    const program = join(folder, 'balise.mjs')
    const said = execFileSync(process.execPath, [program, 'version'], { encoding: 'utf8', cwd: '/' })
    assert.ok(said.startsWith(`Balise ${packageVersion()} `), said)
    assert.ok(statSync(program).size < MOST_OCTETS)
    assert.equal(statSync(program).mode & 0o111, 0o111)
    assert.ok(
      existsSync(join(folder, `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`)),
    )
  } finally {
    rmSync(join(folder, '..'), { recursive: true })
  }
})
