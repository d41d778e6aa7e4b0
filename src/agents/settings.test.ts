import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { formatConfigMistake, oneOf, parseName, parseQualifiedName, readSettings, wholeNumber } from './settings.ts'

test('readSettings() takes the fallbacks of an empty environment', () => {
  assert.deepEqual(readSettings(OPERATOR_OPTIONS, { BALISE_LOG_LEVEL: '' }), {
    ok: true,
    value: {
      namespace: 'kube-system',
      apiHost: '',
      apiPort: 0,
      podName: '',
      leaseDurationSeconds: 15,
      enableLbIpam: 'true',
      defaultLbServiceIpam: 'lbipam',
      enableNodeIpam: 'false',
      enableMetallb: 'false',
      metallbNamespace: 'metallb-system',
      removeNodeTaints: 'true',
      setNodeTaints: 'true',
      setNodeNetworkStatus: 'true',
      agentNotReadyTaintKey: 'node.cilium.io/agent-not-ready',
      healthPort: 9880,
      logLevel: 'info',
    },
  })
})

test('readSettings() lists every mistake', () => {
  const environment = { BALISE_NAMESPACE: 'Kube System', BALISE_HEALTH_PORT: '70000', BALISE_LOG_LEVEL: 'loud' }
  const settings = readSettings(OPERATOR_OPTIONS, environment)
  assert.ok(!settings.ok)
  assert.deepEqual(settings.error.map(formatConfigMistake), [
    'BALISE_NAMESPACE "Kube System" is not a name of lower-case letters, digits, - and .',
    'BALISE_HEALTH_PORT "70000" is not a whole number from 0 to 65535',
    'BALISE_LOG_LEVEL "loud" is none of error, warn, info, debug',
  ])
})

test('wholeNumber() takes both bounds and nothing beyond or between', () => {
  const parse = wholeNumber(1, 10)
  assert.deepEqual(
    ['0', '1', '10', '11', '1.5', '-1', '0x5', ' 5', ''].map((text) => parse(text).ok),
    [false, true, true, false, false, false, false, false, false],
  )
})

test('oneOf() takes its options as they are written', () => {
  assert.deepEqual(
    [oneOf(['a', 'b'])('b'), oneOf(['a', 'b'])('A')],
    [
      { ok: true, value: 'b' },
      { ok: false, error: 'is none of a, b' },
    ],
  )
})

test('parseName() refuses what no object of Kubernetes is called', () => {
  assert.deepEqual(
    ['kube-system', 'a.b', '', '-a', 'a_b', 'A'].map((text) => parseName(text).ok),
    [true, true, false, false, false, false],
  )
})

test('parseQualifiedName() takes the keys that Kubernetes takes', () => {
  const long = 'a'.repeat(63)
  const good = ['node.cilium.io/agent-not-ready', 'Not_Ready.1', long, `${long}.b/x`, `${'a'.repeat(253)}/x`]
  const bad = ['', '/x', 'a/', 'a/b/c', '-a', 'a-', 'A.io/x', 'a b', `${long}a`, `${'a'.repeat(254)}/x`]
  assert.deepEqual(
    good.map((text) => parseQualifiedName(text).ok),
    good.map(() => true),
  )
  assert.deepEqual(
    bad.map((text) => parseQualifiedName(text).ok),
    bad.map(() => false),
  )
})
