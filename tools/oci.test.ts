import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { configFlags, onceForKey } from './oci.ts'

test('configFlags() gives each word of the entrypoint a flag of its own and always a PATH', () => {
  const flags = configFlags({ entrypoint: ['/usr/bin/catatonit', '-P'], labels: { a: 'b' } })
  const values = (flag: string) => flags.filter((_, i) => flags[i - 1] === flag)
  assert.deepEqual(values('--config.entrypoint'), ['/usr/bin/catatonit', '-P'])
  assert.deepEqual(values('--config.env'), ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'])
  assert.deepEqual(values('--config.label'), ['a=b'])
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
