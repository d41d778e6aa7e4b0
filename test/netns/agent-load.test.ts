/** What an agent says whose programs the kernel does not take: here for want of a BPF file system. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { StatusAnswer } from '#api/agent.ts'
import { EVENTS, NODES } from '#ports/kube-resources.ts'
import { nodeObject } from '#test/scenario/agent-cluster.ts'
import { AgentLab, type LabNode, tail, until } from './agent-lab.ts'
import { askAgent } from './ask-agent.ts'

let lab: AgentLab
let node: LabNode
const noBpffs = mkdtempSync(join(tmpdir(), 'blt-no-bpffs-'))

before(async () => {
  lab = await AgentLab.open(['n1'])
  const [first] = lab.nodes
  assert.ok(first !== undefined)
  node = first
  await lab.apply(NODES, nodeObject(node.name, 1))
})

after(async () => {
  await lab.close()
  rmdirSync(noBpffs)
})

test('an agent without a BPF file system says so in status and an Event of the Node, and ends when it is asked to', async () => {
  lab.startAgent(node, { BALISE_BPF_FS: noBpffs, BALISE_HEALTH_PORT: '0', BALISE_CNI_MODE: 'none' })
  const said = async (): Promise<string> =>
    (await askAgent<Partial<StatusAnswer> & { readonly error?: string }>(node.socket, '/v1/status')).error ?? ''
  await until('status names the file system', async () => (await said()).includes(noBpffs)).catch((error: unknown) => {
    throw new Error(tail(node), { cause: error })
  })
  const why = await said()
  assert.match(why, /^The load balancer of Node n1 cannot start: .* is not on a BPF file system.*Set bpf\.root/)
  await until('the Node has an Event', async () => {
    const { items } = await lab.api.list(EVENTS, { namespace: 'default' })
    return items.some((event) => event['reason'] === 'ProgramsNotLoaded' && event['message'] === why)
  })
  await lab.stopAgent(node)
  assert.match(tail(node), /BPF file system/)
})
