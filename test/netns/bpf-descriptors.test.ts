import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { openFrameSender } from '#io/net/frame-sender.ts'
import { createNetDevices } from '#io/net/net-devices.ts'
import { compileFixture } from './bpf-fixture/compile.ts'
import { enterOwnNamespaces } from './own-namespaces.ts'
import { createWire } from './wire.ts'

const room = enterOwnNamespaces()
const objectsFolder = compileFixture(join(room.scratch, 'objects'))
const wider = compileFixture(join(room.scratch, 'wider'), { BACKEND_OCTETS: 24 })
const wire = createWire('bltfds')

/** Descriptors of this process; that of the folder itself is one of them each time. */
function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Runs `work` once, for what is opened once for all, then often: no descriptor may be left. */
function checkLeak(work: () => void): void {
  work()
  const before = countDescriptors()
  for (let times = 0; times < 10; times++) work()
  assert.equal(countDescriptors(), before)
}

function open(pins: string, objects = objectsFolder): ReturnType<typeof openBpfPrograms> {
  const pinFolder = join(room.bpffs, pins)
  return openBpfPrograms({ objectsFolder: objects, pinFolder, mechanism: 'auto', layoutChange: 'refuse' })
}

test('openBpfPrograms() leaves no descriptor open after attach, list, detach, close', () => {
  checkLeak(() => {
    const programs = open('a')
    programs.attachDevice(wire.near)
    programs.attachCgroup(room.cgroup2)
    programs.attachments()
    programs.detachCgroup(room.cgroup2)
    programs.detachDevice(wire.near.ifindex)
    programs.close()
  })
})

test('openBpfPrograms() leaves no descriptor open when it fails', () => {
  open('b').close()
  checkLeak(() => {
    assert.throws(() => open('b', wider))
    const programs = open('b')
    assert.throws(() => programs.attachDevice({ name: 'nothing', ifindex: 9999 }))
    programs.close()
  })
})

test('openPinnedMaps() leaves no descriptor open, nor does closing twice harm', () => {
  open('c').close()
  checkLeak(() => {
    const maps = openPinnedMaps({ folder: join(room.bpffs, 'c'), mode: 'read' })
    assert.equal(maps.map('counters').entries().length, 11)
    assert.throws(() => maps.map('ct4'))
    maps.close()
    maps.close()
  })
})

test('createNetDevices() and openFrameSender() leave no descriptor open', () => {
  checkLeak(() => {
    const controller = new AbortController()
    createNetDevices().list()
    createNetDevices().changes(controller.signal)
    controller.abort()
    const sender = openFrameSender()
    assert.throws(() => sender.send(9999, new Uint8Array(60)))
    sender.close()
  })
})
