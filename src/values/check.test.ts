import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkValues, type Finding, isMistake } from './check.ts'
import type { Json } from './row.ts'
import { VALUE_TABLE } from './table.ts'

function check(values: Json): readonly Finding[] {
  return checkValues(values, VALUE_TABLE)
}

function kindsOf(values: Json): readonly string[] {
  return check(values).map((finding) => finding.kind)
}

test('checkValues() says of each value what it will do', () => {
  assert.deepEqual(
    check({ logLevel: 'debug', hubble: { enabled: true, relay: { enabled: true } } }).map((finding) =>
      finding.kind === 'ignored' ? [finding.key, finding.said] : [finding.kind],
    ),
    [['implemented'], ['hubble.enabled', false], ['hubble.relay.enabled', true]],
  )
})

test('checkValues() refuses encryption, with a remedy', () => {
  const [finding] = check({ encryption: { enabled: true } })
  assert.ok(finding?.kind === 'refused' && finding.key === 'encryption.enabled' && finding.instead !== '')
  assert.ok(!isMistake(check({ encryption: { enabled: false } })[0] ?? finding))
})

test('checkValues() takes null, and empty texts, lists and maps, for values that ask for nothing', () => {
  const values = { encryption: null, egressMasqueradeInterfaces: '', clustermesh: { config: { enabled: null } } }
  assert.ok(!check(values).some(isMistake))
})

test('checkValues() refuses a text or an element by a pattern', () => {
  const list = (capability: string): Json => ({ securityContext: { capabilities: { ciliumAgent: [capability] } } })
  assert.deepEqual(kindsOf(list('NET_ADMIN')), ['implemented'])
  assert.deepEqual(kindsOf(list('SYS_MODULE')), ['refused'])
  assert.deepEqual(kindsOf(list('CAP_SYS_MODULE')), ['refused'])
  assert.deepEqual(kindsOf({ image: { repository: 'mirror.lan:5000/cilium/cilium-ci' } }), ['refused'])
  assert.deepEqual(kindsOf({ image: { repository: 'mirror.lan:5000/balise/balise' } }), ['implemented'])
})

test('checkValues() refuses a secret wish in a free-form map, and takes the rest of it', () => {
  const findings = check({ extraConfig: { 'enable-wireguard': 'true', 'some-other': 'x' } })
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ['ignored', 'refused'],
  )
})

test('checkValues() names the type that is expected', () => {
  const expected = (values: Json): string => {
    const [finding] = check(values)
    return finding?.kind === 'mistyped' ? `${finding.key}: ${finding.expected}` : 'good'
  }
  assert.equal(expected({ operator: { replicas: 0 } }), 'operator.replicas: a whole number from 1')
  assert.equal(expected({ healthPort: '9879' }), 'healthPort: a whole number from 1 to 65535')
  assert.equal(expected({ logLevel: 'loud' }), 'logLevel: one of "error", "warn", "info", "debug"')
  assert.equal(
    expected({ l2announcements: { leaseDuration: '1s' } }),
    'l2announcements.leaseDuration: a duration like 15s or 1m, from 2s to 60m',
  )
  assert.equal(expected({ hubble: true }), 'hubble: a map')
  assert.equal(expected({ devices: 3 }), 'devices: a text or a list')
  assert.equal(expected([]), ': a map of values')
})

test('checkValues() does not go into a free-form map', () => {
  assert.deepEqual(kindsOf({ nodeSelector: { 'node-role.kubernetes.io/worker': '' } }), ['implemented'])
})

test('checkValues() names the key of which an unknown one is a misspelling', () => {
  assert.deepEqual(check({ l2announcements: { leaseduration: '15s' } }), [
    { kind: 'unknown', key: 'l2announcements.leaseduration', nearest: ['l2announcements.leaseDuration'] },
  ])
})

const CONTRADICTING: readonly (readonly [values: Json, keys: readonly string[]])[] = [
  [{ k8sServiceHost: '192.168.1.1' }, ['k8sServiceHost', 'k8sServicePort']],
  [{ k8sServicePort: 6443 }, ['k8sServicePort', 'k8sServiceHost', 'k8sServiceHostRef.name']],
  [{ cni: { mode: 'none', chainingMode: 'generic-veth' } }, ['cni.mode', 'cni.chainingMode']],
  [{ cni: { mode: 'full', chainingTarget: 'flannel' } }, ['cni.mode', 'cni.chainingTarget']],
  [{ cni: { install: false, mode: 'full' } }, ['cni.install', 'cni.mode']],
  [{ kubeProxyReplacement: 'strict', nodePort: { enabled: false } }, ['kubeProxyReplacement', 'nodePort.enabled']],
  [{ nodePort: { enabled: true } }, ['kubeProxyReplacement', 'nodePort.enabled']],
  [{ tunnel: 'vxlan', routingMode: 'native' }, ['tunnel', 'routingMode']],
  [{ MTU: 500 }, ['MTU']],
  [{ MTU: 1 }, ['MTU']],
  [{ MTU: 1279 }, ['MTU']],
  [{ image: { useDigest: true } }, ['image.useDigest', 'image.digest']],
  [
    { operator: { setNodeTaints: true, removeNodeTaints: false } },
    ['operator.setNodeTaints', 'operator.removeNodeTaints'],
  ],
  [
    { l2announcements: { leaseRenewDeadline: '15s' } },
    ['l2announcements.leaseDuration', 'l2announcements.leaseRenewDeadline'],
  ],
  [
    { l2announcements: { leaseDuration: '1m', leaseRenewDeadline: '20s', leaseRetryPeriod: '1m' } },
    ['l2announcements.leaseRenewDeadline', 'l2announcements.leaseRetryPeriod'],
  ],
]

for (const [values, keys] of CONTRADICTING) {
  test(`checkValues() finds the contradiction of ${keys.join(' and ')} in ${JSON.stringify(values)}`, () => {
    assert.deepEqual(
      check(values).flatMap((finding) => (finding.kind === 'contradiction' ? [finding.keys] : [])),
      [keys],
    )
  })
}

test('checkValues() finds no contradiction in what belongs together', () => {
  const values = {
    k8sServiceHost: 'auto',
    cni: { mode: 'none', chainingMode: 'portmap', install: false },
    kubeProxyReplacement: true,
    nodePort: { enabled: true },
    l2announcements: { leaseDuration: '3s', leaseRenewDeadline: '1s', leaseRetryPeriod: '0s' },
  }
  assert.deepEqual(check(values).filter(isMistake), [])
})
