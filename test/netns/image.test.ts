import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, lstatSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { NODES, L2_POLICIES, LEASES } from '#ports/kube-resources.ts'
import { nodeObject, policyObject } from '#test/scenario/agent-cluster.ts'
import { median } from '#test/perf/stats.ts'
import { type BuiltImage, buildImage } from '#tools/image.ts'
import { BALISE_VERSION } from '#model/version.ts'
import { AgentLab, until } from './agent-lab.ts'
import { ReadOnlyRoot, removeUnpacked, unpackImage } from './read-only-root.ts'

/** Unpacked, in octets. */
const MOST_OCTETS = 250e6
/** What makes programs out of sources, and what brings more programs. */
const NEVER =
  /^(apk|apt.*|as|c\+\+|c?make|cargo|cc|clang.*|corepack|cpp|dpkg.*|g\+\+|gcc.*|go|gofmt|ld(\..*)?|llc|llvm.*|microdnf|npm|npx|perl.*|pip.*|pnpm|python.*|rpm|rustc|tcc|yarn|yum)$/
/** The chart's own, as the kubelet hands it to an agent. */
const NODE_OPTIONS = /name: NODE_OPTIONS\n +value: (.+)$/m
/** Resident, of an agent that has nothing to do: 90 MB. */
const MOST_IDLE_OCTETS = 90e6
/** What an image of a checkout says of itself, behind `org.opencontainers.image.`; `source` where it has an origin on the web. */
const LABELS = ['description', 'licenses', 'revision', 'title', 'version']

let image: BuiltImage
let root: string
let lab: AgentLab
let container: ReadOnlyRoot

before(async () => {
  image = await buildImage()
  root = unpackImage(image)
  lab = await AgentLab.open(['n1'])
  const [node] = lab.nodes
  assert.ok(node !== undefined)
  await lab.apply(L2_POLICIES, policyObject())
  await lab.apply(NODES, nodeObject(node.name, 1))
  const { Env } = readBlob<Configuration>(readBlob<Manifest>(image.digest).config.digest).config
  container = new ReadOnlyRoot(lab, node, root, Object.fromEntries(Env.map((pair) => pair.split('=', 2))))
})

after(async () => {
  await lab.close()
  execFileSync('umount', ['--recursive', root])
  removeUnpacked(root)
})

/** Of the image itself, not of what is mounted in it. */
function imageFiles(): readonly string[] {
  return globSync('{etc,root,tmp,usr}/**', { cwd: root }).filter((path) => !lstatSync(join(root, path)).isDirectory())
}

interface Manifest {
  readonly annotations: Readonly<Record<string, string>>
  readonly config: { readonly digest: string }
}

interface Configuration {
  readonly created: string
  readonly config: { readonly Env: readonly string[]; readonly Labels: Readonly<Record<string, string>> }
}

function readBlob<T>(digest: string): T {
  return JSON.parse(readFileSync(join(image.ociPath, 'blobs', digest.replace(':', '/')), 'utf8')) as T
}

test('the image stays below 250 MB, and all of it can be read by everybody', () => {
  const files = imageFiles()
  assert.ok(files.length > 100)
  const octets = files.reduce((sum, path) => sum + lstatSync(join(root, path)).size, 0)
  assert.ok(octets < MOST_OCTETS, `${octets} octets`)
  for (const path of files) assert.equal(lstatSync(join(root, path)).mode & 0o7044, 0o044, path)
})

test('the image has no compiler, no package manager and no program without its libraries', () => {
  const programs = globSync('usr/{,local/}{bin,sbin}/*', { cwd: root }).map((path) => basename(path))
  assert.deepEqual(
    programs.filter((name) => NEVER.test(name)),
    [],
  )
  for (const name of ['balise', 'cilium-dbg', 'ip', 'nft', 'node', 'sh']) assert.ok(programs.includes(name), name)
  assert.deepEqual(globSync(['**/*.{a,gcda,h,la,ts}', '**/{cc1,collect2}'], { cwd: join(root, 'usr') }), [])
  for (const program of ['ip -V', 'nft -v', 'tc -V', 'bridge -V', 'node -v', '/usr/lib/balise/cni/balise-cni'])
    assert.doesNotThrow(() => container.exec(...program.split(' ')), program)
})

test('configuration and manifest of the image say version, revision, licences and the time of the commit', () => {
  const manifest = readBlob<Manifest>(image.digest)
  const { config, created } = readBlob<Configuration>(manifest.config.digest)
  assert.deepEqual(manifest.annotations, config.Labels)
  const names = Object.keys(config.Labels).map((name) => name.replace(/^org\.opencontainers\.image\./, ''))
  assert.deepEqual(names.filter((name) => name !== 'source').toSorted(), LABELS)
  const label = (name: string) => config.Labels[`org.opencontainers.image.${name}`]
  assert.deepEqual([label('title'), label('version')], ['balise', BALISE_VERSION])
  assert.equal(label('licenses'), 'Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)')
  const git = (...args: readonly string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  assert.match(label('revision') ?? '', /^[0-9a-f]{40}(-dirty)?$/)
  assert.equal(
    Date.parse(created),
    Number(git('log', '-1', '--format=%ct', label('revision')?.slice(0, 40) ?? '')) * 1000,
  )
})

test('agent, operator and commands of the image run while nothing but the folders of the chart can be written to', async () => {
  assert.throws(() => container.exec('sh', '-c', 'echo > /usr/lib/balise/x || echo > /tmp/x'), /Read-only file system/)
  const chart = readFileSync(join(import.meta.dirname, '../../chart/balise/templates/agent-daemonset.yaml'), 'utf8')
  const agent = container.start(['balise', 'agent'], {
    NODE_OPTIONS: NODE_OPTIONS.exec(chart)?.[1] ?? 'none',
    BALISE_NODE_NAME: 'n1',
    BALISE_CGROUP_ROOT: '/host/cgroup',
    BALISE_CNI_MODE: 'none',
    BALISE_KUBE_PROXY_REPLACEMENT: 'true',
    BALISE_HEALTH_PORT: '0',
  })
  await until('the agent is well', () => /^Kubernetes: +Ok/m.test(container.exec('balise', 'status')))
  assert.match(container.exec('cilium-dbg', 'service', 'list'), /^ID/m)
  assert.equal(container.exec('balise', 'bpf', 'lb', 'list', '-o', 'json').startsWith('{'), true)
  const operator = container.start(['balise', 'operator'], { BALISE_HEALTH_PORT: '0' })
  await until('the operator leads', async () =>
    (await lab.api.list(LEASES, {})).items.some(({ metadata }) => metadata.name === 'balise-operator'),
  )
  assert.deepEqual([agent.exitCode, operator.exitCode], [null, null])
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]
  assert.ok(Number(kilobytes) * 1024 < MOST_IDLE_OCTETS, `${kilobytes} KiB resident`)
})

test('a command of the image starts within a few times of what Node alone takes', (context) => {
  const timed = (...argv: readonly string[]): number => {
    const beganMs = performance.now()
    container.exec(...argv)
    return performance.now() - beganMs
  }
  const runs = Array.from({ length: 9 }, () => ({
    node: timed('node', '-e', '0'),
    version: timed('balise', 'version'),
    services: timed('balise', 'service', 'list'),
  }))
  for (const command of ['version', 'services'] as const) {
    const ms = median(runs.map((run) => run[command]))
    const ratio = median(runs.map((run) => run[command] / run.node))
    context.diagnostic(`${command}: ${ms.toFixed(0)} ms, ${ratio.toFixed(1)} times node -e 0`)
    assert.ok(ms < 300 || ratio < 5, `${ms} ms, ${ratio} times node -e 0`)
  }
})
