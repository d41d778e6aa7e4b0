import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { BpfError, type BpfFailure } from '#io/bpf/bpf-error.ts'
import { loadBpfObject } from '#io/bpf/bpf-object.ts'
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { makePinFolder } from '#io/bpf/pin.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { testRun } from '#io/bpf/test-run.ts'
import { compileBpf, compileFixture } from './bpf-fixture/compile.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import { countedPackets, createWire, makeFrame } from './wire.ts'

const room = enterOwnNamespaces()
const path = join(compileFixture(join(room.scratch, 'objects')), 'balise_fixture.bpf.o')
const FRAME = makeFrame()

test('loadBpfObject() writes constants, as numbers of their width', () => {
  const object = loadBpfObject({ path, constants: { tc_verdict: 2 } })
  assert.equal(testRun(object.programFd('balise_ingress'), { data: FRAME }).verdict, 2)
  assert.equal(testRun(object.programFd('balise_egress'), { data: FRAME }).verdict, -1)
  object.close()
  const negative = loadBpfObject({ path, constants: { tc_verdict: -1 } })
  assert.equal(testRun(negative.programFd('balise_ingress'), { data: FRAME }).verdict, -1)
  negative.close()
})

test('loadBpfObject() loads only the programs that were asked for', () => {
  const object = loadBpfObject({ path, programs: ['balise_egress'] })
  assert.deepEqual(object.programs, ['balise_egress'])
  const failure = failureOf(() => object.programFd('balise_ingress'))
  assert.deepEqual(failure, { code: 'NoSuchProgram', program: 'balise_ingress', known: ['balise_egress'] })
  object.close()
})

test('loadBpfObject() names the constant that does not exist, and those that do', () => {
  const failure = failureOf(() => loadBpfObject({ path, constants: { nothing: 1 } }))
  assert.deepEqual(failure, { code: 'NoSuchConstant', constant: 'nothing', known: ['build', 'tc_verdict'] })
})

test('loadBpfObject() refuses a constant that does not fit', () => {
  assert.equal(failureOf(() => loadBpfObject({ path, constants: { build: 2 ** 32 } })).code, 'ConstantTooLong')
  assert.equal(
    failureOf(() => loadBpfObject({ path, constants: { build: new Uint8Array(5) } })).code,
    'ConstantTooLong',
  )
})

test('loadBpfObject() says that a file is missing, or is no object', () => {
  const missing = failureOf(() => loadBpfObject({ path: join(room.scratch, 'nothing.o') }))
  assert.ok(missing.code === 'BadObject' && missing.errno === 'ENOENT')
  const text = join(room.scratch, 'text.bpf.o')
  writeFileSync(text, 'This is no object')
  const bad = failureOf(() => loadBpfObject({ path: text }))
  assert.ok(bad.code === 'BadObject' && bad.messages.length > 0)
})

test('loadBpfObject() hands on what the verifier said, and of which program', () => {
  const failure = failureOf(() => loadBpfObject({ path: compileText('refused', REFUSED_SOURCE) }))
  assert.ok(failure.code === 'LoadRefused')
  assert.equal(failure.program, 'reads_beyond')
  assert.equal(failure.errno, 'EACCES')
  assert.match(failure.verifierLog, /invalid access to packet/)
})

test('loadBpfObject() uses the pinned maps of an earlier load', () => {
  const folder = join(room.bpffs, 'shared')
  makePinFolder(folder)
  const pinOf = (map: string): string => join(folder, map)
  const first = loadBpfObject({ path, pinOf })
  testRun(first.programFd('balise_egress'), { data: FRAME, repeat: 3 })
  first.close()
  const second = loadBpfObject({ path, pinOf })
  testRun(second.programFd('balise_egress'), { data: FRAME, repeat: 4 })
  second.close()
  const counted = run('bpftool', '-j', 'map', 'dump', 'pinned', pinOf('counters'))
  const elements = JSON.parse(counted) as { formatted: { key: number; values: { value: { packets: number } }[] } }[]
  const egress = elements.find(({ formatted }) => formatted.key === 8)
  assert.equal(
    egress?.formatted.values.reduce((sum, { value }) => sum + value.packets, 0),
    7,
  )
})

test('makePinFolder() refuses a folder that is on another file system, and leaves none behind', () => {
  const elsewhere = join(room.scratch, 'elsewhere')
  mkdirSync(elsewhere)
  const folder = join(elsewhere, 'pins', 'links')
  const failure = failureOf(() => makePinFolder(folder))
  assert.deepEqual(failure, { code: 'NotBpffs', path: folder })
  assert.deepEqual(readdirSync(elsewhere), [])
})

test('testRun() gives back the packet and how long it took', () => {
  const object = loadBpfObject({ path })
  const { data, durationNs } = testRun(object.programFd('balise_ingress'), { data: FRAME, repeat: 10_000 })
  assert.deepEqual(data, FRAME)
  assert.ok(durationNs > 0 && durationNs < 100_000, `${durationNs} ns`)
  assert.throws(() => testRun(object.programFd('balise_ingress'), { data: new Uint8Array(3) }), BpfError)
  object.close()
})

test('testRun() with live frames hands on what an XDP program lets pass', () => {
  const wire = createWire('bltx')
  const pinFolder = join(room.bpffs, 'live')
  const programs = openBpfPrograms({
    objectsFolder: dirname(path),
    pinFolder,
    mechanism: 'auto',
    layoutChange: 'refuse',
  })
  programs.attachDevice(wire.near)
  const object = loadBpfObject({ path: compileText('live', LIVE_SOURCE) })
  const context = new Uint8Array(24) // struct xdp_md
  new DataView(context.buffer).setUint32(4, FRAME.length, true) // data_end
  new DataView(context.buffer).setUint32(12, wire.near.ifindex, true) // ingress_ifindex
  const { data } = testRun(object.programFd('lets_pass'), {
    data: FRAME,
    context,
    repeat: 500,
    liveFrames: true,
    batchFrames: 32,
  })
  assert.equal(data.length, 0)
  const maps = openPinnedMaps({ folder: pinFolder, mode: 'read' })
  assert.ok(countedPackets(maps, 0) >= 500, `${countedPackets(maps, 0)} frames`)
  maps.close()
  object.close()
  programs.close()
})

function compileText(name: string, text: string): string {
  const [source, output] = [join(room.scratch, `${name}.bpf.c`), join(room.scratch, `${name}.bpf.o`)]
  writeFileSync(source, text)
  compileBpf(source, output)
  return output
}

const LIVE_SOURCE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int lets_pass(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "Dual BSD/GPL";
`

const REFUSED_SOURCE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int is_fine(struct __sk_buff *skb) { return 0; }
SEC("tc") int reads_beyond(struct __sk_buff *skb) { return *(int *)(long)skb->data; }
char _license[] SEC("license") = "Dual BSD/GPL";
`

function failureOf(work: () => unknown): BpfFailure {
  try {
    work()
  } catch (error) {
    if (error instanceof BpfError) return error.failure
    throw error
  }
  throw new Error('Nothing was thrown')
}
