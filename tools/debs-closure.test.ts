import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closure, isLibrary, parseAptDepends } from './debs-closure.ts'

const ANSWER = `nginx
  Depends: libc6
  Depends: libssl3
  Depends: nginx-common
nginx-common
 |Depends: debconf
  Depends: <debconf-2.0>
    cdebconf
    debconf
bird2
  PreDepends: init-system-helpers
  Depends: <mail-transport-agent>
    exim4
    postfix
  Depends: libreadline8
`

test('parseAptDepends() lists the dependencies of each package', () => {
  assert.deepEqual(parseAptDepends(ANSWER).get('nginx'), ['libc6', 'libssl3', 'nginx-common'])
})

test('parseAptDepends() takes the first of the alternatives', () => {
  assert.deepEqual(parseAptDepends(ANSWER).get('nginx-common'), ['debconf'])
})

test('parseAptDepends() takes the first provider of a virtual package', () => {
  assert.deepEqual(parseAptDepends(ANSWER).get('bird2'), ['init-system-helpers', 'exim4', 'libreadline8'])
})

test('closure() follows what it may follow, also in a circle', () => {
  const all = new Map([
    ['nginx', ['libssl3', 'nginx-common']],
    ['libssl3', ['libc6']],
    ['libc6', ['libgcc-s1']],
    ['libgcc-s1', ['libc6']],
  ])
  const look = (names: readonly string[]) => new Map(names.map((name) => [name, all.get(name) ?? []]))
  assert.deepEqual(closure(['nginx'], isLibrary, look), ['libc6', 'libgcc-s1', 'libssl3', 'nginx'])
})

test('isLibrary() knows the libraries by their names', () => {
  assert.deepEqual(['libc6', 'zlib1g', 'nginx-common', 'glibc-doc', 'zlib1g-dev'].filter(isLibrary), [
    'libc6',
    'zlib1g',
  ])
})
