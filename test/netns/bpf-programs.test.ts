import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { BpfError } from '#io/bpf/bpf-error.ts'
import {
  type BpfProgramsOptions,
  listAttachments,
  type LoadedBpfPrograms,
  openBpfPrograms,
} from '#io/bpf/bpf-programs.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { openFrameSender } from '#io/net/frame-sender.ts'
import { bpfProgramsContract } from '#ports/bpf-programs.contract.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { FixtureAgentOptions } from './bpf-fixture/agent.ts'
import { compileFixture } from './bpf-fixture/compile.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'
import { countedPackets, createWire, makeFrame, type Wire } from './wire.ts'

const room = enterOwnNamespaces()
const objectsFolder = compileFixture(join(room.scratch, 'objects'))
const sender = openFrameSender()
let names = 0

/** One node's worth: a wire, a pin folder, a cgroup. */
interface Scene {
  readonly wire: Wire
  readonly cgroup: string
  readonly options: BpfProgramsOptions
  readonly maps: () => BpfMaps
}

after(() => {
  sender.close()
  removeCgroups((pid) => pid === process.pid)
})
removeCgroups((pid) => !existsSync(`/proc/${pid}`))

/** cgroups are the machine's: those of this process go at its end, those of one that was killed at the start of the next. */
function removeCgroups(isOver: (pid: number) => boolean): void {
  for (const name of readdirSync(room.cgroup2)) {
    const pid = Number(/^blt\d+\.(\d+)$/.exec(name)?.[1])
    if (pid > 0 && isOver(pid)) rmdirSync(join(room.cgroup2, name))
  }
}

function createScene(mechanism: 'auto' | 'tcx' | 'clsact' = 'auto'): Scene {
  const name = `blt${++names}`
  const cgroup = join(room.cgroup2, `${name}.${process.pid}`)
  mkdirSync(cgroup)
  const pinFolder = join(room.bpffs, name)
  return {
    wire: createWire(name),
    cgroup,
    options: { objectsFolder, pinFolder, mechanism, layoutChange: 'refuse' },
    maps: () => openPinnedMaps({ folder: pinFolder, mode: 'readwrite' }),
  }
}

function withBuild(scene: Scene, build: number): LoadedBpfPrograms {
  return openBpfPrograms({ ...scene.options, constants: { build } })
}

/** What the counters of two builds grew by while `count` frames went in. */
function send(scene: Scene, count: number): readonly [number, number] {
  const maps = scene.maps()
  const before = [countedPackets(maps, 1), countedPackets(maps, 2)] as const
  for (let index = 0; index < count; index++) sender.send(scene.wire.far.ifindex, makeFrame())
  const grown = [countedPackets(maps, 1) - before[0], countedPackets(maps, 2) - before[1]] as const
  maps.close()
  return grown
}

function shownAttachments(programs: LoadedBpfPrograms): readonly string[] {
  return programs
    .attachments()
    .map(({ hook, program, mechanism }) =>
      hook.kind === 'tc' ? `${hook.device} ${hook.direction} ${program} ${mechanism}` : `${program} ${mechanism}`,
    )
    .toSorted()
}

for (const mechanism of ['tcx', 'clsact'] as const) {
  bpfProgramsContract(`openBpfPrograms() with ${mechanism}`, () => {
    const scene = createScene(mechanism)
    const programs = withBuild(scene, 1)
    return {
      programs,
      device: scene.wire.near,
      removeDevice: () => run('ip', 'link', 'delete', scene.wire.near.name),
      cgroup: scene.cgroup,
      close: () => programs.close(),
    }
  })

  describe(`openBpfPrograms() with ${mechanism}`, () => {
    test('runs its programs for what comes in and goes out', () => {
      const scene = createScene(mechanism)
      const programs = withBuild(scene, 1)
      assert.deepEqual(send(scene, 5), [0, 0])
      programs.attachDevice(scene.wire.near)
      assert.deepEqual(send(scene, 5), [5, 0])
      sender.send(scene.wire.near.ifindex, makeFrame())
      const maps = scene.maps()
      assert.equal(countedPackets(maps, 8), 1)
      maps.close()
      const { name } = scene.wire.near
      const expected = [`${name} egress balise_egress ${mechanism}`, `${name} ingress balise_ingress ${mechanism}`]
      assert.deepEqual(shownAttachments(programs), expected)
      programs.close()
    })

    test('attaches once, however often it is told to', () => {
      const scene = createScene(mechanism)
      const programs = withBuild(scene, 1)
      for (let times = 0; times < 3; times++) programs.attachDevice(scene.wire.near)
      assert.deepEqual(send(scene, 5), [5, 0])
      programs.close()
    })

    test('lets programs run on when it is closed, and replaces them when opened anew', () => {
      const scene = createScene(mechanism)
      const first = withBuild(scene, 1)
      first.attachDevice(scene.wire.near)
      first.close()
      assert.deepEqual(send(scene, 5), [5, 0])
      const second = withBuild(scene, 2)
      assert.deepEqual(send(scene, 5), [5, 0], 'loading alone changes nothing')
      second.attachDevice(scene.wire.near)
      assert.deepEqual(send(scene, 5), [0, 5])
      second.close()
      assert.deepEqual(send(scene, 5), [0, 5])
    })

    test('detaches, and does so again without complaint', () => {
      const scene = createScene(mechanism)
      const programs = withBuild(scene, 1)
      programs.attachDevice(scene.wire.near)
      programs.detachDevice(scene.wire.near.ifindex)
      programs.detachDevice(scene.wire.near.ifindex)
      assert.deepEqual(send(scene, 5), [0, 0])
      assert.deepEqual(programs.attachments(), [])
      assert.deepEqual(readdirSync(join(scene.options.pinFolder, 'links')), [])
      programs.close()
    })

    test('forgets a device that is gone, and fails for it without harm', () => {
      const scene = createScene(mechanism)
      const programs = withBuild(scene, 1)
      programs.attachDevice(scene.wire.near)
      run('ip', 'link', 'delete', scene.wire.near.name)
      assert.deepEqual(programs.attachments(), [])
      assert.throws(() => programs.attachDevice(scene.wire.near), BpfError)
      programs.detachDevice(scene.wire.near.ifindex)
      assert.deepEqual(readdirSync(join(scene.options.pinFolder, 'links')), [])
      programs.close()
    })

    test('attaches to a new device of an old name', () => {
      const scene = createScene(mechanism)
      const programs = withBuild(scene, 1)
      programs.attachDevice(scene.wire.near)
      run('ip', 'link', 'delete', scene.wire.near.name)
      const wire = createWire(scene.wire.near.name.replace(/-near$/, ''))
      programs.attachDevice(wire.near)
      assert.deepEqual(send({ ...scene, wire }, 5), [5, 0])
      programs.close()
    })

    test('survives kill -9, is found by the next agent, and loses no packet to the change', {
      timeout: 60_000,
    }, async () => {
      const scene = createScene(mechanism)
      const agent = await startAgent(scene, 1)
      agent.kill('SIGKILL')
      await once(agent, 'exit')
      assert.deepEqual(send(scene, 5), [5, 0])
      const next = withBuild(scene, 2)
      assert.equal(shownAttachments(next).length, 9)
      const total = [0, 0]
      for (let round = 0; round < 50; round++) {
        if (round === 25) next.attachDevice(scene.wire.near)
        const [old, fresh] = send(scene, 20)
        total[0] = (total[0] ?? 0) + old
        total[1] = (total[1] ?? 0) + fresh
      }
      assert.deepEqual(total, [500, 500])
      next.close()
    })
  })
}

test('openBpfPrograms() takes tcx where the kernel has it, and says which it took', () => {
  const scene = createScene('auto')
  const programs = withBuild(scene, 1)
  programs.attachDevice(scene.wire.near)
  const shown = shownAttachments(programs)
  assert.equal(shown.length, 2)
  for (const line of shown) assert.match(line, new RegExp(`${programs.mechanism}$`))
  programs.close()
})

test('openBpfPrograms() goes over from clsact to tcx and back, one of them at a time', () => {
  const scene = createScene()
  for (const [build, mechanism] of [
    [1, 'clsact'],
    [2, 'tcx'],
    [1, 'clsact'],
  ] as const) {
    const programs = openBpfPrograms({ ...scene.options, mechanism, constants: { build } })
    programs.attachDevice(scene.wire.near)
    assert.deepEqual(send(scene, 5), build === 1 ? [5, 0] : [0, 5])
    programs.close()
  }
})

test('openBpfPrograms() leaves the filters of others alone, and does not take their place', () => {
  const scene = createScene('clsact')
  const { name, ifindex } = scene.wire.near
  const object = join(objectsFolder, 'balise_fixture.bpf.o')
  const foreign = (handle: string, priority: string): string =>
    run(
      ...tcFilter(name, 'add'),
      'handle',
      handle,
      'pref',
      priority,
      'bpf',
      'da',
      'obj',
      object,
      'program',
      'balise_egress',
    )
  run('tc', 'qdisc', 'add', 'dev', name, 'clsact')
  foreign('1', '7')
  const programs = withBuild(scene, 1)
  programs.attachDevice(scene.wire.near)
  assert.deepEqual(send(scene, 5), [5, 0], 'a foreign program that does not decide lets ours run')
  programs.detachDevice(ifindex)
  const left = run('tc', 'filter', 'show', 'dev', name, 'ingress')
  assert.match(left, /pref 7 bpf/)
  assert.doesNotMatch(left, /0xba115e/)
  foreign('0xba115e', '2981')
  assert.throws(
    () => programs.attachDevice(scene.wire.near),
    (error) => error instanceof BpfError && error.failure.code === 'HookTaken' && /balise_egress/.test(error.message),
  )
  programs.close()
})

test('openBpfPrograms() runs socket programs for all below a cgroup, until they are detached', () => {
  const scene = createScene()
  const programs = withBuild(scene, 1)
  programs.attachCgroup(scene.cgroup)
  programs.attachCgroup(scene.cgroup)
  const connected = (): number => {
    const maps = scene.maps()
    const before = countedPackets(maps, 9)
    connectIn(scene.cgroup)
    const grown = countedPackets(maps, 9) - before
    maps.close()
    return grown
  }
  assert.equal(connected(), 1)
  const hooks = programs
    .attachments()
    .map(({ hook }) => (hook.kind === 'cgroup' ? `${hook.path} ${hook.program}` : hook.kind))
  const forward = ['balise_connect4', 'balise_connect6']
  const reverse = ['balise_getpeername4', 'balise_getpeername6', 'balise_recvmsg4', 'balise_recvmsg6']
  const expected = [...forward, ...reverse, 'balise_sendmsg4']
  assert.deepEqual(
    hooks,
    expected.map((program) => `${scene.cgroup} ${program}`),
  )
  programs.detachCgroup(scene.cgroup)
  assert.equal(connected(), 0)
  programs.close()
})

test('openBpfPrograms() attaches anew to a cgroup that was removed and made again', { timeout: 30_000 }, async () => {
  const scene = createScene()
  const programs = withBuild(scene, 1)
  programs.attachCgroup(scene.cgroup)
  rmdirSync(scene.cgroup)
  while (programs.attachments().length > 0) await setImmediate() // the kernel takes links off in the background
  mkdirSync(scene.cgroup)
  programs.attachCgroup(scene.cgroup)
  assert.equal(programs.attachments().length, 7)
  programs.close()
})

test('openBpfPrograms() removes pins that a killed agent left half done', () => {
  const scene = createScene()
  withBuild(scene, 1).close()
  const leftover = join(scene.options.pinFolder, 'links', 'new%tcx-7-ingress')
  run('bpftool', 'map', 'pin', 'pinned', join(scene.options.pinFolder, 'counters'), leftover)
  withBuild(scene, 1).close()
  assert.deepEqual(readdirSync(join(scene.options.pinFolder, 'links')), [])
})

test('openBpfPrograms() works with the capabilities that bpf(2) asks for, without CAP_SYS_ADMIN', {
  timeout: 60_000,
}, async () => {
  const scene = createScene()
  const capabilities = '-all,+bpf,+perfmon,+net_admin,+net_raw'
  const agent = await startAgent(scene, 1, ['setpriv', '--bounding-set', capabilities, '--inh-caps', capabilities])
  agent.kill('SIGKILL')
  await once(agent, 'exit')
  assert.deepEqual(send(scene, 5), [5, 0])
})

test('openBpfPrograms() removes pins of devices and cgroups that went while no agent ran', {
  timeout: 30_000,
}, async () => {
  for (const mechanism of ['tcx', 'clsact'] as const) {
    const scene = createScene(mechanism)
    const programs = withBuild(scene, 1)
    programs.attachDevice(scene.wire.near)
    programs.attachCgroup(scene.cgroup)
    programs.close()
    run('ip', 'link', 'delete', scene.wire.near.name)
    rmdirSync(scene.cgroup)
    const links = join(scene.options.pinFolder, 'links')
    while (listAttachments(links).length > 0) await setImmediate()
    assert.equal(readdirSync(links).length, 9)
    withBuild(scene, 1).close()
    assert.deepEqual(readdirSync(links), [])
  }
})

test('openBpfPrograms() says that a folder is none of cgroup2', () => {
  const scene = createScene()
  const programs = withBuild(scene, 1)
  for (const path of [room.scratch, join(room.scratch, 'nothing')]) {
    assert.throws(
      () => programs.attachCgroup(path),
      (error) => error instanceof BpfError && error.failure.code === 'NotCgroup2' && error.failure.path === path,
    )
  }
  programs.close()
})

function tcFilter(device: string, verb: string): readonly [string, ...string[]] {
  return ['tc', 'filter', verb, 'dev', device, 'ingress']
}

/** bash's /dev/udp makes a datagram socket and connects it; nothing is sent. */
function connectIn(cgroup: string): void {
  const script = `echo 0 > '${cgroup}/cgroup.procs' && exec 3<>/dev/udp/127.0.0.1/9`
  run('bash', '-c', script)
}

async function startAgent(scene: Scene, build: number, prefix: readonly string[] = []): Promise<ChildProcess> {
  const options: FixtureAgentOptions = {
    programs: { ...scene.options, constants: { build } },
    device: scene.wire.near,
    cgroup: scene.cgroup,
  }
  const script = join(import.meta.dirname, 'bpf-fixture', 'agent.ts')
  const [program, ...args] = [...prefix, process.execPath, script, JSON.stringify(options)]
  const agent = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await Promise.race([once(agent.stdout ?? agent, 'data'), once(agent, 'exit')])) as [unknown]
  if (String(said) === 'attached\n') return agent
  agent.kill('SIGKILL')
  throw new Error(`The agent of the fixture ended with ${String(said)}`)
}
