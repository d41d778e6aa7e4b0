import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp } from '#model/ip.ts'
import { readGivenAddresses, readPluginFailure } from './plugin-state.ts'

test('readPluginFailure() reads what the plugin writes', () => {
  const text =
    '{"atMs":1700000000000,"code":11,"message":"no free address","podNamespace":"default","podName":"web-1","command":"ADD"}'
  assert.deepEqual(readPluginFailure(text), {
    atMs: 1_700_000_000_000,
    code: 11,
    message: 'no free address',
    pod: 'default/web-1',
    command: 'ADD',
  })
})

test('readPluginFailure() of a failure about no pod names none', () => {
  assert.equal(readPluginFailure('{"command":"STATUS","message":"x"}')?.pod, '')
})

for (const text of [undefined, '', '{', '7', 'null'])
  test(`readPluginFailure() is nothing for ${JSON.stringify(text)}`, () =>
    assert.equal(readPluginFailure(text), undefined))

test('readGivenAddresses() passes over what is no address', () => {
  const names = ['.lock', '10.244.1.2', '10.244.1.3.new', 'fd00::2', 'lock']
  assert.deepEqual(readGivenAddresses(names).map(formatIp), ['10.244.1.2', 'fd00::2'])
})
