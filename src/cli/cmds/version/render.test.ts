import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderVersion } from './render.ts'

test('renderVersion() is one line', () => {
  const data = { version: 1, balise: '0.1.0', node: '24.21.0', kernel: '6.18.0', architecture: 'x64' } as const
  assert.equal(renderVersion(data), 'Balise 0.1.0 (Node 24.21.0, kernel 6.18.0, x64)\n')
})
