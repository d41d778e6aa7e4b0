import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bpfProgramsContract } from './bpf-programs.contract.ts'
import { createFakeBpfPrograms } from './bpf-programs.fake.ts'

const ETH0 = { name: 'eth0', ifindex: 2 }

bpfProgramsContract('createFakeBpfPrograms()', () => {
  const programs = createFakeBpfPrograms([ETH0])
  return {
    programs,
    device: ETH0,
    removeDevice: () => programs.removeDevice(ETH0.ifindex),
    cgroup: '/sys/fs/cgroup',
    close: () => programs.close(),
  }
})

test('createFakeBpfPrograms() fails once when it is told to', () => {
  const programs = createFakeBpfPrograms([ETH0])
  programs.failNext()
  assert.throws(() => programs.attachDevice(ETH0), /ENOMEM/)
  programs.attachDevice(ETH0)
  assert.equal(programs.attachments().length, 2)
})
