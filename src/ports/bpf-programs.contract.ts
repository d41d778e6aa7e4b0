import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BpfPrograms } from './bpf-programs.ts'

export interface OpenPrograms {
  readonly programs: BpfPrograms
  readonly device: { readonly name: string; readonly ifindex: number }
  /** Takes the device away. */
  removeDevice(): void
  /** A folder of cgroup2 where nothing hangs. */
  readonly cgroup: string
  close(): void
}

const SOCKET_PROGRAMS = [
  'balise_connect4',
  'balise_connect6',
  'balise_getpeername4',
  'balise_getpeername6',
  'balise_recvmsg4',
  'balise_recvmsg6',
  'balise_sendmsg4',
]

/** What every `BpfPrograms` promises: run on the fake and on the kernel's. */
export function bpfProgramsContract(subject: string, open: () => OpenPrograms): void {
  const check = (rule: string, body: (opened: OpenPrograms) => void): void => {
    test(`${subject} ${rule}`, () => {
      const opened = open()
      try {
        body(opened)
      } finally {
        opened.close()
      }
    })
  }

  check('lists nothing before anything is attached', ({ programs }) => assert.deepEqual(programs.attachments(), []))

  check('attaches both directions of a device, once, however often it is told to', ({ programs, device }) => {
    for (let times = 0; times < 3; times++) programs.attachDevice(device)
    assert.deepEqual(shown(programs), [
      `${device.name} ${device.ifindex} egress balise_egress`,
      `${device.name} ${device.ifindex} ingress balise_ingress`,
    ])
  })

  check('attaches the programs of the overlay to its device, and detaches them', ({ programs, device }) => {
    for (let times = 0; times < 2; times++) programs.attachOverlay(device)
    assert.deepEqual(shown(programs), [
      `${device.name} ${device.ifindex} egress balise_to_overlay`,
      `${device.name} ${device.ifindex} ingress balise_from_overlay`,
    ])
    programs.detachDevice(device.ifindex)
    assert.deepEqual(programs.attachments(), [])
  })

  check('detaches a device, and does so again without complaint', ({ programs, device }) => {
    programs.detachDevice(device.ifindex)
    programs.attachDevice(device)
    programs.detachDevice(device.ifindex)
    programs.detachDevice(device.ifindex)
    assert.deepEqual(programs.attachments(), [])
  })

  check('fails for a device that is gone, lists it no more, and detaches it without complaint', (opened) => {
    const { programs, device } = opened
    programs.attachDevice(device)
    opened.removeDevice()
    assert.deepEqual(programs.attachments(), [])
    assert.throws(() => programs.attachDevice(device))
    assert.deepEqual(programs.attachments(), [])
    programs.detachDevice(device.ifindex)
  })

  check('attaches all socket programs to a cgroup, once, and detaches them', ({ programs, cgroup }) => {
    programs.attachCgroup(cgroup)
    programs.attachCgroup(cgroup)
    assert.deepEqual(
      shown(programs),
      SOCKET_PROGRAMS.map((program) => `${cgroup} ${program} ${program}`),
    )
    programs.detachCgroup(cgroup)
    programs.detachCgroup(cgroup)
    assert.deepEqual(programs.attachments(), [])
  })

  check('keeps devices and cgroups apart', ({ programs, device, cgroup }) => {
    programs.attachDevice(device)
    programs.attachCgroup(cgroup)
    assert.equal(programs.attachments().length, SOCKET_PROGRAMS.length + 2)
    programs.detachDevice(device.ifindex)
    assert.equal(programs.attachments().length, SOCKET_PROGRAMS.length)
    programs.detachCgroup(cgroup)
    assert.deepEqual(programs.attachments(), [])
  })
}

function shown(programs: BpfPrograms): readonly string[] {
  return programs
    .attachments()
    .map(({ hook, program }) =>
      hook.kind === 'tc'
        ? `${hook.device} ${hook.ifindex} ${hook.direction} ${program}`
        : `${hook.path} ${hook.program} ${program}`,
    )
    .toSorted()
}
