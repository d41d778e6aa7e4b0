import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandsOf, goArch, moduleFolder, PROGRAMS, programKey } from './setup-programs.ts'

const REQUIRED: readonly (readonly [name: string, module: string])[] = [
  ['kube', 'k8s.io/kubernetes'],
  ['helm', 'helm.sh/helm/v4'],
  ['coredns', 'github.com/coredns/coredns'],
]

test('PROGRAMS says the version that the Go module pins', () => {
  for (const [name, module] of REQUIRED) {
    const program = PROGRAMS.find((p) => p.name === name)
    assert.ok(program)
    assert.ok(
      readFileSync(join(moduleFolder(program), 'go.mod'), 'utf8').includes(`${module} v${program.version}`),
      name,
    )
  }
  assert.equal(PROGRAMS.length, REQUIRED.length)
})

test('PROGRAMS takes every command from exactly one file of the releases', () => {
  for (const program of PROGRAMS) {
    const released = program.releases('amd64').flatMap((release) => release.commands.map(([name]) => name))
    assert.deepEqual(released.toSorted(), commandsOf(program).toSorted())
  }
})

test('programKey() differs with the version and is steady otherwise', () => {
  const [kube] = PROGRAMS
  assert.ok(kube)
  assert.equal(programKey(kube), programKey({ ...kube }))
  assert.notEqual(programKey(kube), programKey({ ...kube, version: '1.0.0' }))
})

test('goArch() names what Node calls x64 as Go does', () => {
  assert.equal(goArch('x64'), 'amd64')
  assert.equal(goArch('arm64'), 'arm64')
})
