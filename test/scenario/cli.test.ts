/** Guide T, steps 7 and 8: what the command line says of a Service, from two agents on the fakes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AGENT_API } from '#api/agent.ts'
import type { Outside } from '#cli/command.ts'
import { COMMANDS } from '#cli/commands.ts'
import { assertGolden } from '#cli/golden.ts'
import { formatAnswer, type OutputFormat } from '#cli/output.ts'
import {
  type Cluster,
  createCluster,
  policyObject,
  type ScenarioNode,
  serviceObject,
  sliceObject,
} from './agent-cluster.ts'

function outsideOf(node: ScenarioNode, cluster: Cluster): Outside {
  const { agent, maps } = node
  assert.ok(agent !== undefined)
  const { answers } = agent
  const byPath: Readonly<Record<string, () => unknown>> = {
    [AGENT_API.status]: answers.status,
    [AGENT_API.services]: answers.services,
    [AGENT_API.l2]: answers.l2,
    [AGENT_API.debuginfo]: answers.debuginfo,
  }
  return {
    // Through JSON, as the socket has it: what does not survive that is not there.
    askAgent: async (path) => JSON.parse(JSON.stringify(byPath[path]?.())) as unknown,
    openMaps: async () => maps,
    openKube: () => assert.fail('A command about a node asks its agent'),
    openNode: () => assert.fail('The node is left as it is'),
    readText: () => assert.fail('No file is read'),
    nowMs: () => cluster.clock.nowMs(),
  }
}

async function run(words: string, outside: Outside, format: OutputFormat = 'text'): Promise<string> {
  const command = COMMANDS.find((candidate) => candidate.words.join(' ') === words)
  assert.ok(command !== undefined, words)
  return formatAnswer(await command.execute(outside, {}, {}), format)
}

async function withService(work: (first: Outside, second: Outside) => Promise<void>): Promise<void> {
  const cluster = createCluster()
  try {
    const nodes = [cluster.start('cp1-lab'), cluster.start('node1-lab')] as const
    cluster.api.put(policyObject())
    cluster.api.put(serviceObject('nginx', { ip: '192.168.10.75' }))
    cluster.api.put(
      sliceObject('nginx', [
        { address: '10.244.2.98', nodeName: 'node1-lab' },
        { address: '10.244.1.7', nodeName: 'cp1-lab', ready: false, serving: true, terminating: true },
      ]),
    )
    await cluster.clock.advance(20_000)
    await work(outsideOf(nodes[0], cluster), outsideOf(nodes[1], cluster))
  } finally {
    await cluster.close()
  }
}

for (const words of ['service list', 'bpf lb list', 'l2 list']) {
  test(`${words} shows the Service`, async (t) => {
    await withService(async (first) => {
      assertGolden(t, import.meta.dirname, `${words.replaceAll(' ', '-')}.txt`, await run(words, first))
    })
  })
}

test('both nodes name the same owner', async () => {
  await withService(async (first, second) => {
    const owner = async (outside: Outside): Promise<string | undefined> =>
      /^192\.168\.10\.75 +(\S+)/m.exec(await run('l2 list', outside))?.[1]
    assert.match((await owner(first)) ?? '', /^(cp1|node1)-lab$/)
    assert.equal(await owner(first), await owner(second))
  })
})

test('debuginfo has the lines for which the guide greps', async () => {
  await withService(async (first) => {
    const lines = (await run('debuginfo', first)).split('\n').filter((line) => line.includes('enable-l2'))
    assert.deepEqual(lines, [
      'enable-l2-announcements:true',
      'enable-l2-neigh-discovery:true',
      'enable-l2-pod-announcements:false',
    ])
  })
})

/** Commands that ask the cluster or read files, and the one that takes the node's network away. */
const ABOUT_ELSE: ReadonlySet<string> = new Set(['migrate', 'ipam', 'node', 'values', 'cleanup'])

test('status is well, and every command has an answer for machines', async () => {
  await withService(async (first) => {
    assert.match(await run('status', first), /^Balise: +Ok +.*\n(.*\n)*No problems\n$/)
    const aboutNode = COMMANDS.filter(({ words }) => !ABOUT_ELSE.has(words[0] ?? ''))
    assert.equal(aboutNode.length, 6)
    for (const { words } of aboutNode) {
      const text = await run(words.join(' '), first, 'json')
      assert.equal(typeof JSON.parse(text), 'object', words.join(' '))
    }
  })
})
