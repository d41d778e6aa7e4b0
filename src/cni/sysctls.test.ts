import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSysctlRecord, parseSysctlRecord } from './sysctl-record.ts'
import { desiredSysctls } from './sysctls.ts'

test('desiredSysctls() keeps router advertisements heard before it forwards IPv6', () => {
  const names = desiredSysctls({ families: ['IPv4', 'IPv6'], uplinks: ['eth0', 'eth1'], overlays: ['balise_vxlan'] })
  assert.deepEqual(names, [
    { name: 'net/ipv6/conf/eth0/accept_ra', value: '2', onlyFrom: '1' },
    { name: 'net/ipv6/conf/eth1/accept_ra', value: '2', onlyFrom: '1' },
    { name: 'net/ipv4/ip_forward', value: '1' },
    { name: 'net/ipv6/conf/all/forwarding', value: '1' },
    { name: 'net/ipv4/conf/balise_vxlan/rp_filter', value: '0' },
  ])
})

test('desiredSysctls() leaves a family alone that pods do not have', () => {
  assert.deepEqual(desiredSysctls({ families: ['IPv4'], uplinks: ['eth0'], overlays: [] }), [
    { name: 'net/ipv4/ip_forward', value: '1' },
  ])
  assert.deepEqual(desiredSysctls({ families: [], uplinks: ['eth0'], overlays: [] }), [])
})

test('parseSysctlRecord() reads what formatSysctlRecord() writes', () => {
  const record = { bootId: 'b', changed: { 'net/ipv6/conf/eth0.10/accept_ra': { before: '1', ours: '2' } } }
  assert.deepEqual(parseSysctlRecord(formatSysctlRecord(record)), record)
})

const UNTRUSTED: readonly (string | undefined)[] = [
  undefined,
  '',
  '[]',
  '{"bootId":1,"changed":{}}',
  '{"bootId":"b"}',
  '{"bootId":"b","changed":{"net/ipv4/ip_forward":"0"}}',
  '{"bootId":"b","changed":{"net/ipv4/ip_forward":{"before":0,"ours":"1"}}}',
  '{"bootId":"b","changed":{"net/ipv4/../../kernel/core_pattern":{"before":"|x","ours":"core"}}}',
  '{"bootId":"b","changed":{"kernel/core_pattern":{"before":"|x","ours":"core"}}}',
]

for (const text of UNTRUSTED)
  test(`parseSysctlRecord() does not trust ${text}`, () => assert.equal(parseSysctlRecord(text), undefined))
