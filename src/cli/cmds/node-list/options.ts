import type { CliCommand } from '#cli/command.ts'

export const NODE_LIST: CliCommand = {
  words: ['node', 'list'],
  sentence: 'Whether every node that should have an agent has one that renews its Lease, and whose network it has',
  flags: [],
  lists: [{ name: 'namespace', short: 'n', value: 'namespace', sentence: 'Of the agents; kube-system' }],
  async execute(outside, _flags, { namespace: [namespace = 'kube-system'] = [] }) {
    const [{ runNodeList, isWell }, { renderNodeList }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const nodes = await runNodeList(outside, namespace)
    return { machine: nodes, text: () => renderNodeList(nodes, outside.nowMs()), exitCode: isWell(nodes) ? 0 : 1 }
  },
}
