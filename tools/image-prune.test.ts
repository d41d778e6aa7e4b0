import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { keepNeededLibraries, keepPrograms, neededLibraries } from './image-prune.ts'

/** An ELF file that needs libstdc++ and libc. */
const PROGRAM = join(
  import.meta.dirname,
  `../node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
)
const LOADED = process.report.getReport() as { readonly sharedObjects: readonly string[] }
const library = (name: string): string => {
  const found = LOADED.sharedObjects.find((path) => basename(path).startsWith(name))
  assert.ok(found !== undefined, name)
  return realpathSync(found)
}

test('neededLibraries() reads what the loader brings for a program', () => {
  assert.ok(neededLibraries(PROGRAM).includes('libc.so.6'))
  assert.ok(neededLibraries(library('libstdc++.so.6')).includes('libc.so.6'))
  assert.throws(() => neededLibraries(import.meta.filename), /no such ELF file/)
})

test('keepNeededLibraries() follows links and libraries of libraries, and removes the rest with all plugins', () => {
  const root = mkdtempSync(join(tmpdir(), 'balise-prune-'))
  const lib = join(root, 'usr/lib/x86_64-linux-gnu')
  try {
    mkdirSync(join(lib, 'engines-3'), { recursive: true })
    mkdirSync(join(root, 'usr/bin'), { recursive: true })
    mkdirSync(join(root, 'usr/lib/balise/bpf'), { recursive: true })
    copyFileSync(PROGRAM, join(root, 'usr/bin/node'))
    symlinkSync('node', join(root, 'usr/bin/again'))
    copyFileSync(library('libstdc++.so.6'), join(lib, 'libstdc++.so.6.0.99'))
    symlinkSync('libstdc++.so.6.0.99', join(lib, 'libstdc++.so.6'))
    for (const name of ['libc.so.6', 'libunused.so.1', 'libopened.so.1', 'engines-3/plugin.so'])
      copyFileSync(library('libc.so.6'), join(lib, name))
    keepNeededLibraries(root, ['libopened.so.1', 'libabsent.so.1'], [])
    assert.deepEqual(readdirSync(lib).sort(), ['libc.so.6', 'libopened.so.1', 'libstdc++.so.6', 'libstdc++.so.6.0.99'])
    assert.ok(existsSync(join(root, 'usr/lib/balise/bpf')))
    keepPrograms(root, ['again'])
    assert.deepEqual(readdirSync(join(root, 'usr/bin')), ['again'])
    keepNeededLibraries(root, [], [library('libgcc_s.so.1')])
    assert.deepEqual(readdirSync(lib), ['libc.so.6']) // for the file beside
  } finally {
    rmSync(root, { recursive: true })
  }
})
