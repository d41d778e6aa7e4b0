import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { assertGolden } from '#cli/golden.ts'
import type { NodeRemains } from '#cli/node-remains.ts'
import type { Device } from '#model/device.ts'
import { mustParseIp } from '#model/ip.ts'
import type { NodeNetworkState } from '#model/node-network.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { createFakeBpfRemains } from '#ports/bpf-remains.fake.ts'
import { createFakeHostFiles, type FakeHostFiles } from '#ports/host-files.fake.ts'
import { createFakeNetDevices } from '#ports/net-devices.fake.ts'
import { createFakeNodeNetwork, type FakeNodeNetwork } from '#ports/node-network.fake.ts'
import { CLEANUP } from './options.ts'
import { renderCleanup } from './render.ts'
import { type CleanupAnswer, type CleanupOptions, runCleanup } from './run.ts'

const OPTIONS: CleanupOptions = { dryRun: false, force: false, pods: false }
const ROUTE = {
  to: mustParsePrefix('10.244.2.0/24'),
  via: mustParseIp('192.168.10.216'),
  device: 'eth0',
  source: undefined,
}

/** A node on which Balise was its CNI, put another network aside, and has ended. */
const FILES: Readonly<Record<string, string>> = {
  '/etc/cni/net.d/05-balise.conflist': '{"plugins":[{"type":"balise-cni","mode":"full"}]}',
  '/etc/cni/net.d/10-flannel.conflist.balise_bak': 'flannel',
  '/opt/cni/bin/balise-cni': 'ours',
  '/opt/cni/bin/loopback': 'ours',
  '/opt/cni/bin/bridge': 'theirs',
  '/var/lib/balise/cni/addresses/10.244.1.2': '{}',
  '/var/lib/balise/sysctls.json': JSON.stringify({
    bootId: 'boot',
    changed: {
      'net/ipv6/conf/eth0/accept_ra': { before: '1', ours: '2' },
      'net/ipv4/ip_forward': { before: '0', ours: '1' },
      'net/ipv6/conf/all/forwarding': { before: '0', ours: '1' },
    },
  }),
  '/run/balise/agent.sock': '',
  '/proc/sys/kernel/random/boot_id': 'boot\n',
  '/proc/sys/net/ipv6/conf/eth0/accept_ra': '2\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/sys/net/ipv6/conf/all/forwarding': '0\n',
}
const NETWORK: Partial<NodeNetworkState> = {
  routes: [
    { ...ROUTE, own: true },
    { ...ROUTE, to: mustParsePrefix('10.9.0.0/16'), own: false },
  ],
  overlay: { portUdp: 8472, mtuBytes: 1450, addresses: [] },
  overlayExists: true,
  masquerade: 'rules',
  masqueradeExists: true,
  hostPortsExist: true,
}

interface Node extends NodeRemains {
  readonly files: FakeHostFiles
  readonly network: FakeNodeNetwork
}

function node(overrides: Partial<Node> = {}): Node {
  return {
    files: createFakeHostFiles(FILES),
    network: createFakeNodeNetwork(NETWORK),
    net: createFakeNetDevices(['lo', 'eth0', 'blc0123456789a'].map(device)),
    bpf: createFakeBpfRemains(['balise_ingress at eth0 ingress (tcx)', 'map ct4']),
    places: {
      confDir: '/etc/cni/net.d',
      binDir: '/opt/cni/bin',
      stateDir: '/var/lib/balise',
      runDir: '/run/balise',
      procSys: '/proc/sys',
    },
    agentRuns: async () => false,
    ...overrides,
  }
}

function device(name: string): Device {
  return {
    name,
    ifindex: 2,
    mac: undefined,
    mtuBytes: 1500,
    up: true,
    carrier: true,
    loopback: false,
    kind: '',
    masterIfindex: 0,
    addresses: [],
  }
}

test('runCleanup() takes away what is ours, brings back what was before, and leaves the rest', async (t) => {
  const on = node()
  assertGolden(t, import.meta.dirname, 'done.txt', renderCleanup(await runCleanup(on, OPTIONS)))
  assert.deepEqual(
    [...on.files.files],
    [
      ['/opt/cni/bin/bridge', 'theirs'],
      ['/proc/sys/kernel/random/boot_id', 'boot\n'],
      ['/proc/sys/net/ipv6/conf/eth0/accept_ra', '1'],
      ['/proc/sys/net/ipv4/ip_forward', '0'],
      ['/proc/sys/net/ipv6/conf/all/forwarding', '0\n'],
      ['/etc/cni/net.d/10-flannel.conflist', 'flannel'],
    ],
  )
  const { routes, overlayExists, masqueradeExists, hostPortsExist } = on.network.state()
  assert.deepEqual(
    [routes.map(({ own }) => own), overlayExists, masqueradeExists, hostPortsExist],
    [[false], false, false, false],
  )
  assert.deepEqual(on.bpf.list(), [])
})

test('runCleanup() finds nothing to do the second time', async () => {
  const on = node({ net: createFakeNetDevices() })
  await runCleanup(on, OPTIONS)
  const again = await runCleanup(on, OPTIONS)
  assert.deepEqual(again.steps, [])
  assert.equal(renderCleanup(again), 'Nothing of Balise is on this node\n')
})

test('runCleanup() changes nothing when it only says what it would do', async (t) => {
  const on = node({ agentRuns: async () => true })
  const answer = await runCleanup(on, { ...OPTIONS, dryRun: true, pods: true })
  assertGolden(t, import.meta.dirname, 'planned.txt', renderCleanup(answer))
  assert.deepEqual(Object.fromEntries(on.files.files), FILES)
  assert.deepEqual(on.network.done, [])
  assert.equal(on.bpf.list().length, 2)
})

test('runCleanup() refuses where an agent runs, unless it is forced', async () => {
  const on = node({ agentRuns: async () => true })
  await assert.rejects(runCleanup(on, OPTIONS), (error) => error instanceof CliError && /--force/.test(error.remedy))
  assert.deepEqual(Object.fromEntries(on.files.files), FILES)
  assert.ok((await runCleanup(on, { ...OPTIONS, force: true })).steps.length > 0)
})

test("runCleanup() takes pods' devices away only when asked", async () => {
  const on = node()
  await runCleanup(on, { ...OPTIONS, pods: true })
  assert.deepEqual(on.network.done.at(-1), { kind: 'deletePodDevice', device: 'blc0123456789a' })
})

/** The steps whose outcome is a failure. */
function failures({ steps }: CleanupAnswer): readonly (string | null)[] {
  return steps.filter(({ outcome }) => outcome === 'failed').map(({ error }) => error)
}

test('runCleanup() goes on after a step that fails, and says why', async () => {
  const on = node()
  on.network.refuse('deleteMasquerade', 'Device or resource busy')
  on.files.refuse(/^\/opt/)
  const answer = await runCleanup(on, OPTIONS)
  assert.deepEqual(failures(answer), [
    'Device or resource busy',
    '/opt/cni/bin/loopback cannot be written: EROFS',
    '/opt/cni/bin/balise-cni cannot be written: EROFS',
  ])
  assert.match(
    renderCleanup(answer),
    /FAILED: delete the masquerade rules: Device or resource busy\n[^]*3 of \d+ steps failed/,
  )
  assert.equal(on.files.list('/var/lib/balise'), undefined)
})

test('runCleanup() restores no configuration over a new one', async () => {
  const on = node({ files: createFakeHostFiles({ ...FILES, '/etc/cni/net.d/10-flannel.conflist': 'new' }) })
  const answer = await runCleanup(on, OPTIONS)
  assert.match(failures(answer).join(), /there is another \/etc\/cni\/net\.d\/10-flannel\.conflist by now/)
  assert.equal(on.files.readText('/etc/cni/net.d/10-flannel.conflist'), 'new')
  assert.equal(on.files.readText('/etc/cni/net.d/10-flannel.conflist.balise_bak'), 'flannel')
})

test('runCleanup() leaves settings of the kernel alone that are of another boot, or were set anew', async () => {
  const other = node({ files: createFakeHostFiles({ ...FILES, '/proc/sys/kernel/random/boot_id': 'later' }) })
  await runCleanup(other, OPTIONS)
  assert.equal(other.files.readText('/proc/sys/net/ipv4/ip_forward'), '1\n')
})

test("runCleanup() leaves somebody else's loopback plugin alone", async () => {
  const on = node({ files: createFakeHostFiles({ ...FILES, '/opt/cni/bin/loopback': 'theirs' }) })
  await runCleanup(on, OPTIONS)
  assert.equal(on.files.readText('/opt/cni/bin/loopback'), 'theirs')
})

/** Where a run of the command looks for the node's files. */
async function lookedAt(...roots: readonly string[]): Promise<string | undefined> {
  let seen: string | undefined
  const outside: Outside = {
    askAgent: () => assert.fail('Only the node knows whether an agent runs'),
    openMaps: () => assert.fail('The maps are taken away, not read'),
    openKube: () => assert.fail('The API is not asked'),
    readText: () => assert.fail('No file is read for it'),
    nowMs: () => 0,
    async openNode(root) {
      seen = root
      return node()
    },
  }
  await CLEANUP.execute(outside, { 'dry-run': true }, { 'host-root': roots })
  return seen
}

test('cleanup looks at its own file system, or at the one that it is told of', async () => {
  assert.deepEqual([await lookedAt(), await lookedAt('/host'), await lookedAt('/host/')], ['', '/host', '/host'])
})

test('cleanup refuses a root that is no folder from the top, or two of them', async () => {
  await assert.rejects(lookedAt('host'), /--host-root host is not an absolute path/)
  await assert.rejects(lookedAt('/a', '/b'), /--host-root is given twice/)
})
