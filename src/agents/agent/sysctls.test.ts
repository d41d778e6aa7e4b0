import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSysctlRecord } from '#cni/sysctl-record.ts'
import { createFakeHostFiles, type FakeHostFiles } from '#ports/host-files.fake.ts'
import { Sysctls } from './sysctls.ts'

const RECORD = '/var/lib/balise/sysctls.json'
const FORWARD = { name: 'net/ipv4/ip_forward', value: '1' }

function open(forward = '0\n', boot = 'first\n'): { readonly files: FakeHostFiles; readonly sysctls: Sysctls } {
  const files = createFakeHostFiles({
    '/host/proc/sys/net/ipv4/ip_forward': forward,
    '/proc/sys/kernel/random/boot_id': boot,
  })
  return { files, sysctls: new Sysctls({ files, procSys: '/host/proc/sys', recordFile: RECORD }) }
}

function before(files: FakeHostFiles): string | undefined {
  return parseSysctlRecord(files.readText(RECORD))?.changed[FORWARD.name]?.before
}

test('Sysctls sets what differs, and writes down what was there', () => {
  const { files, sysctls } = open()
  assert.deepEqual(sysctls.apply([FORWARD]), [])
  assert.equal(files.readText('/host/proc/sys/net/ipv4/ip_forward'), '1')
  assert.equal(before(files), '0')
})

test('Sysctls writes nothing where all is as it should be', () => {
  const { files, sysctls } = open('1\n')
  sysctls.apply([FORWARD])
  assert.equal(files.readText('/host/proc/sys/net/ipv4/ip_forward'), '1\n')
  assert.equal(files.readText(RECORD), undefined)
})

test('Sysctls remembers what was there before its first change, whatever others do later', () => {
  const { files, sysctls } = open()
  sysctls.apply([FORWARD])
  files.put('/host/proc/sys/net/ipv4/ip_forward', '7')
  sysctls.apply([FORWARD])
  assert.equal(before(files), '0')
})

test('Sysctls begins a new record after a boot: what was changed before it is gone', () => {
  const { files, sysctls } = open()
  sysctls.apply([FORWARD])
  files.put('/proc/sys/kernel/random/boot_id', 'second')
  files.put('/host/proc/sys/net/ipv4/ip_forward', '2')
  sysctls.apply([FORWARD])
  assert.deepEqual(parseSysctlRecord(files.readText(RECORD)), {
    bootId: 'second',
    changed: { [FORWARD.name]: { before: '2', ours: '1' } },
  })
})

test('Sysctls changes nothing that it cannot write down first', () => {
  const { files, sysctls } = open()
  files.refuse(/sysctls\.json/)
  const [problem] = sysctls.apply([FORWARD])
  assert.match(
    problem?.message ?? '',
    /net\.ipv4\.ip_forward cannot be set to 1, .*sysctls\.json cannot be written: EROFS/,
  )
  assert.equal(files.readText('/host/proc/sys/net/ipv4/ip_forward'), '0\n')
})

test('Sysctls goes on with the others when one is not there', () => {
  const { files, sysctls } = open()
  const problems = sysctls.apply([{ name: 'net/ipv6/conf/all/forwarding', value: '1' }, FORWARD])
  assert.match(
    problems.map(({ message }) => message).join(),
    /^net\.ipv6\.conf\.all\.forwarding .*the kernel does not have it$/,
  )
  assert.equal(files.readText('/host/proc/sys/net/ipv4/ip_forward'), '1')
})
