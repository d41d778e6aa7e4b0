import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { missingCapabilities, runcEntry } from './runc-entry.ts'

describe('missingCapabilities()', () => {
  test('is empty where the bounding set is whole', () =>
    assert.deepEqual(missingCapabilities('CapBnd:\t000001ffffffffff'), []))

  test('names what the bounding set lacks', () => {
    assert.deepEqual(missingCapabilities('CapEff:\t0\nCapBnd:\t000001fffeffffff\nCapAmb:\t0'), ['CAP_SYS_RESOURCE'])
  })
})

describe('runcEntry()', () => {
  const spec = (capabilities: readonly string[]): string =>
    JSON.stringify({
      process: {
        args: ['CAP_SYS_RESOURCE is a word'],
        capabilities: { bounding: capabilities, effective: capabilities },
      },
    })

  /** Runs the entry with `true` in runc's place. */
  function edited(text: string, call: (file: string, folder: string) => readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'balise-runc-'))
    try {
      const file = join(folder, 'config.json')
      writeFileSync(file, text)
      const entry = runcEntry(['CAP_SYS_RESOURCE'])
        .replace(/^exec .*$/m, 'exec true')
        .replaceAll('/var/log/', `${folder}/`)
      execFileSync('sh', ['-c', entry, 'runc', ...call(file, folder)])
      return readFileSync(file, 'utf8')
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const create = (_: string, folder: string): readonly string[] => ['--log', 'x', 'create', '--bundle', folder, 'id']

  for (const [place, list] of [
    ['first', ['CAP_SYS_RESOURCE', 'CAP_KILL']],
    ['in the middle', ['CAP_CHOWN', 'CAP_SYS_RESOURCE', 'CAP_KILL']],
    ['last', ['CAP_KILL', 'CAP_SYS_RESOURCE']],
    ['alone', ['CAP_SYS_RESOURCE']],
  ] as const) {
    test(`takes a missing capability out, ${place}`, () => {
      assert.equal(edited(spec(list), create), spec(list.filter((name) => name !== 'CAP_SYS_RESOURCE')))
    })
  }

  test('does so for exec as well', () => {
    const call = (file: string): readonly string[] => ['exec', '--process', file, 'id']
    assert.equal(edited(spec(['CAP_KILL', 'CAP_SYS_RESOURCE']), call), spec(['CAP_KILL']))
  })

  test('leaves a bundle alone that asks for nothing missing, and other commands', () => {
    assert.equal(edited(spec(['CAP_KILL']), create), spec(['CAP_KILL']))
    const kept = spec(['CAP_SYS_RESOURCE'])
    assert.equal(
      edited(kept, (_, folder) => ['delete', '--bundle', folder]),
      kept,
    )
  })
})
