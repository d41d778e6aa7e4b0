import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheDir, cacheKey } from './cache.ts'

test('cacheDir() takes BALISE_CACHE before XDG_CACHE_HOME before the home folder', () => {
  const home = { HOME: '/home/ada' }
  const xdg = { ...home, XDG_CACHE_HOME: '/var/tmp/xdg' }
  assert.equal(cacheDir(home), '/home/ada/.cache/balise')
  assert.equal(cacheDir(xdg), '/var/tmp/xdg/balise')
  assert.equal(cacheDir({ ...xdg, BALISE_CACHE: '/srv/cache' }), '/srv/cache')
})

test('cacheDir() ignores an XDG_CACHE_HOME that is empty or relative', () => {
  assert.equal(cacheDir({ HOME: '/root', XDG_CACHE_HOME: '' }), '/root/.cache/balise')
  assert.equal(cacheDir({ HOME: '/root', XDG_CACHE_HOME: 'cache' }), '/root/.cache/balise')
})

test('cacheKey() depends on every part, their order and their borders', () => {
  const keys = [cacheKey('a', 'b'), cacheKey('b', 'a'), cacheKey('ab'), cacheKey('a', 'b', ''), cacheKey('a')]
  assert.equal(new Set(keys).size, keys.length)
  assert.match(cacheKey('a'), /^[0-9a-f]{16}$/)
})

test('cacheKey() takes text and its octets as the same', () => {
  assert.equal(cacheKey('clang'), cacheKey(new TextEncoder().encode('clang')))
})
