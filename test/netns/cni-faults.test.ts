import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { CNI_MODULE, cniPlugin } from '#tools/cni-plugin.ts'
import { createCniNode, must, NODE_IPV4 } from './cni-node.ts'
import { ask, startServer } from './cni-traffic.ts'
import { run } from './own-namespaces.ts'

const crashing = await cniPlugin({ crashPoints: true })
const node = await createCniNode()
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
const ONE_ADDRESS = { podCidrs: ['10.244.1.0/30'] }
const HOST_PORT = { runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80 }] } }

beforeEach(() => {
  node.clear()
  node.newPod('a', 'b', 'c')
})
afterEach(async () => {
  for (const pod of ['a', 'b', 'c']) await node.del(pod)
  for (const pod of run('ip', 'netns', 'list').match(/^[abc]\b/gm) ?? []) node.endPod(pod)
  assert.deepEqual(node.leftOvers(), [])
})

function gc(...valid: readonly string[]): ReturnType<typeof node.call> {
  const attachments = valid.map((containerID) => ({ containerID, ifname: 'eth0' }))
  return node.call({ verb: 'GC', config: { 'cni.dev/valid-attachments': attachments } })
}

/** Ends a pod's namespace without DEL; the kernel takes its device away a moment later. */
async function endUntold(pod: string): Promise<void> {
  const device = deviceOf(pod)
  node.endPod(pod)
  while (run('ip', '-json', 'link').includes(`"${device}"`)) await wait(5)
}

function deviceOf(pod: string): string {
  return (
    /"ifname":"(blc\w{11})"[^}]*"ifalias":"default\/(\w)"/g
      .exec(
        run('ip', '-json', 'link')
          .split('},{')
          .find((link) => link.includes(`default/${pod}`)) ?? '',
      )
      ?.at(1) ?? ''
  )
}

const files = globSync('internal/**/*.go', { cwd: CNI_MODULE }).map((file) =>
  readFileSync(join(CNI_MODULE, file), 'utf8'),
)
const POINTS = files.flatMap((text) => [...text.matchAll(/crash\.Point\("([^"]+)"\)/g)].map(([, name = '']) => name))

test('The plugin has places to be killed at between all its steps', () => {
  assert.equal(POINTS.length, 11)
  assert.equal(new Set(POINTS).size, POINTS.length)
})

for (const point of POINTS) {
  const kill = async (): Promise<void> => {
    const { code } = await node.call({
      verb: 'ADD',
      pod: 'a',
      plugin: crashing,
      config: HOST_PORT,
      env: { CRASH_AT: point },
    })
    assert.equal(code, 'SIGKILL')
    assert.notDeepEqual(node.leftOvers(), [])
  }

  test(`ADD that was killed at "${point}" leaves nothing that DEL does not clean`, async () => {
    await kill()
    await node.del('a')
    assert.deepEqual(node.leftOvers(), [])
    await node.add('b')
    await node.del('b')
    assert.deepEqual(node.leftOvers(), [])
  })

  test(`ADD that was killed at "${point}" leaves nothing that GC does not clean`, async () => {
    await kill()
    must(await gc())
    assert.deepEqual(node.leftOvers(), [])
  })

  test(`ADD that was killed at "${point}" is followed by an ADD`, async () => {
    await kill()
    const again = await node.call({ verb: 'ADD', pod: 'a', config: HOST_PORT })
    if (point === 'marked complete') assert.equal(again.error.code, 101)
    else must(await node.call({ verb: 'CHECK', pod: 'a', config: { ...HOST_PORT, prevResult: again.result } }))
    const given = node.leftOvers().filter((left) => left.startsWith('address'))
    assert.equal(given.length, 2)
    await node.del('a')
    assert.deepEqual(node.leftOvers(), [])
  })
}

test('ADD that is killed at any time leaves nothing that DEL does not clean', async () => {
  const endings = new Set<number | string>()
  for (let killAfterMs = 1; killAfterMs <= 40; killAfterMs++) {
    const { code } = await node.call({ verb: 'ADD', pod: 'a', config: HOST_PORT, killAfterMs })
    endings.add(code)
    await node.del('a')
    assert.deepEqual(node.leftOvers(), [])
  }
  assert.ok(endings.has('SIGKILL'), 'it was killed at least once')
  await node.add('a')
})

test('A prefix without a free address is told with who has them, and the other family keeps none', async () => {
  const config = { podCidrs: ['fd00:10:244:1::/64', '10.244.1.0/30'] }
  await node.add('a', config)
  const before = node.leftOvers()
  const { code, error } = await node.call({ verb: 'ADD', pod: 'b', config })
  assert.deepEqual([code, error.code], [1, 100])
  assert.equal(error.msg, 'No IPv4 address is left in 10.244.1.0/30: 1 of 1 for pods are given (10.244.1.2 default/a)')
  assert.match(error.details, /--node-cidr-mask-size/)
  assert.deepEqual(node.leftOvers(), before)
  assert.equal((JSON.parse(node.readState('last-failure.json')) as { readonly code: number }).code, 100)
  await node.del('a')
  assert.deepEqual((await node.add('b', config)).at(1), '10.244.1.2')
})

test('An address is not given again at once', async () => {
  const given: string[] = []
  for (let times = 0; times < 3; times++) {
    given.push(...(await node.add('a', { podCidrs: ['10.244.1.0/29'] })))
    await node.del('a')
  }
  assert.deepEqual(given, ['10.244.1.2', '10.244.1.3', '10.244.1.4'])
})

test('ADD takes the address of a pod that went away without DEL before it gives up', async () => {
  await node.add('a', { ...ONE_ADDRESS, ...HOST_PORT })
  await endUntold('a')
  assert.deepEqual(await node.add('b', { ...ONE_ADDRESS, ...HOST_PORT }), ['10.244.1.2'])
})

test('ADD does not give an address that a pod has whose file was lost or damaged', async () => {
  await node.add('a')
  node.clear()
  assert.deepEqual(await node.add('b'), ['10.244.1.3', 'fd00:10:244:1::3'])
  writeFileSync(join(node.stateDir, 'addresses', '10.244.1.3'), '')
  assert.equal((await node.call({ verb: 'ADD', pod: 'c', config: ONE_ADDRESS })).error.code, 100)
  must(await gc('a', 'b'))
  assert.ok(node.leftOvers().includes('address 10.244.1.3'), 'a device says that it is in use')
  await node.del('b')
  must(await gc('a'))
  assert.ok(!node.leftOvers().includes('address 10.244.1.3'))
  must(await gc())
  assert.deepEqual(node.leftOvers(), [], 'the device without a file as well')
})

test('GC removes all but the valid attachments', async () => {
  const port = (hostPort: number): object => ({ runtimeConfig: { portMappings: [{ hostPort, containerPort: 80 }] } })
  await node.add('a', { ...port(8080) })
  const [address = ''] = await node.add('b', { ...port(8081) })
  await node.add('c', { ...port(8082) })
  await endUntold('c')
  run('ip', 'link', 'add', 'blcforeign', 'type', 'bridge')
  must(await gc('b'))
  assert.deepEqual(
    node.leftOvers().map((left) => left.replace(/blc\w{11}/, 'blc…')),
    [
      'address 10.244.1.3',
      'address fd00:10:244:1::3',
      'device blc…',
      'device blcforeign',
      'route 10.244.1.3',
      'route fd00:10:244:1::3',
      'table inet balise_hostport',
    ],
  )
  run('ip', 'link', 'delete', 'blcforeign')
  assert.doesNotMatch(run('nft', 'list', 'ruleset'), /8080|8082/)
  {
    await using _ = await startServer('b', 80)
    assert.deepEqual(await ask(undefined, address, 80), { from: NODE_IPV4, octets: 1 })
    assert.deepEqual(await ask('b', NODE_IPV4, 8081), { from: NODE_IPV4, octets: 1 })
  }
  must(await gc('b'))
  must(await gc())
  assert.deepEqual(node.leftOvers(), [])
})

test('GC leaves an ADD alone that is under way', async () => {
  await node.add('a')
  const release = await hold('10.244.1.2')
  must(await gc())
  assert.ok(node.leftOvers().includes('route 10.244.1.2'))
  await release()
  must(await gc())
  assert.deepEqual(node.leftOvers(), [])
})

test('DEL waits for an ADD of its pod that is under way, and another ADD asks to call again', async () => {
  await node.add('a')
  run('ip', 'link', 'delete', deviceOf('a'))
  const release = await hold('10.244.1.2')
  const { error } = await node.call({ verb: 'ADD', pod: 'a' })
  assert.deepEqual([error.code, /Another command is at work on eth0 of container a/.test(error.msg)], [11, true])
  let done = false
  const del = node.del('a').then(() => (done = true))
  await wait(200)
  assert.equal(done, false)
  await release()
  await del
  assert.deepEqual(node.leftOvers(), [])
})

/** Holds the file of an address, as an ADD does that is not done. */
async function hold(address: string): Promise<() => Promise<void>> {
  const file = join(node.stateDir, 'addresses', address)
  const child = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

/** Lets this node, and no other one of the machine, see another boot. */
function reboot(id: string): Disposable {
  const file = join(node.scratch, 'boot-id')
  writeFileSync(file, `${id}\n`)
  run('mount', '--bind', file, BOOT_ID)
  return { [Symbol.dispose]: () => void run('umount', BOOT_ID) }
}

test('After a reboot the first ADD gives back what pods had before, but for a namespace that is there', async () => {
  await node.add('a', HOST_PORT)
  await node.add('b')
  await endUntold('a')
  using _ = reboot('11111111-1111-1111-1111-111111111111')
  assert.deepEqual(await node.add('c'), ['10.244.1.4', 'fd00:10:244:1::4'])
  assert.deepEqual(
    node.leftOvers().filter((left) => !left.startsWith('device')),
    [
      'address 10.244.1.3',
      'address 10.244.1.4',
      'address fd00:10:244:1::3',
      'address fd00:10:244:1::4',
      'route 10.244.1.3',
      'route 10.244.1.4',
      'route fd00:10:244:1::3',
      'route fd00:10:244:1::4',
    ],
  )
})

test('After a reboot the number of a process says nothing about a namespace', async () => {
  await node.add('a')
  for (const file of globSync('addresses/*', { cwd: node.stateDir })) {
    const path = join(node.stateDir, file)
    writeFileSync(path, readFileSync(path, 'utf8').replace('/run/netns/a', `/proc/${process.pid}/ns/net`))
  }
  await endUntold('a')
  using _ = reboot('22222222-2222-2222-2222-222222222222')
  await node.add('b')
  assert.ok(!node.leftOvers().includes('address 10.244.1.2'))
})

test('After a reboot the node looks once, not at every ADD', async () => {
  using _ = reboot('33333333-3333-3333-3333-333333333333')
  await node.add('a')
  await endUntold('a')
  await node.add('b')
  assert.ok(node.leftOvers().includes('address 10.244.1.2'), 'within a boot DEL and GC are the runtime’s to call')
})

test('A folder that cannot be written is told with its path, and nothing is left', async () => {
  execFileSync('mkdir', ['-p', node.stateDir])
  run('mount', '-t', 'tmpfs', '-o', 'ro', 'blt', node.stateDir)
  const { error } = await node.call({ verb: 'ADD', pod: 'a' })
  run('umount', node.stateDir)
  assert.deepEqual([error.code, error.msg.includes(node.stateDir), error.details !== ''], [5, true, true])
  assert.deepEqual(node.leftOvers(), [])
})

test('A /proc/sys that is read-only is no fault where the values are right already', async () => {
  run('sysctl', '-qw', 'net.ipv4.conf.default.forwarding=1')
  const call = async (): Promise<Awaited<ReturnType<typeof node.call>>> => {
    run('mount', '--bind', '/proc/sys', '/proc/sys')
    run('mount', '-o', 'remount,ro,bind', '/proc/sys')
    try {
      return await node.call({ verb: 'ADD', pod: 'a' })
    } finally {
      run('umount', '/proc/sys')
    }
  }
  must(await call())
  await node.del('a')
  run('sysctl', '-qw', 'net.ipv4.conf.default.forwarding=0')
  const { error } = await call()
  run('sysctl', '-qw', 'net.ipv4.conf.default.forwarding=1')
  assert.deepEqual(
    [error.code, /net\.ipv4\.conf\.blc\w{11}\.forwarding to 1: .*read-only/.test(error.msg)],
    [105, true],
  )
  assert.deepEqual(node.leftOvers(), [])
})
