import { formatAgo } from '#cli/duration.ts'
import { formatTable } from '#cli/table.ts'
import { isWell, type NodeList } from './run.ts'

/** A line for each node, and what is wrong below. */
export function renderNodeList(list: NodeList, nowMs: number): string {
  const { nodes, wanted, namespace } = list
  const rows = nodes.map(({ name, ready, agent, renewedAt, network, podCidrs }) => [
    name,
    ready ? 'Ready' : 'NotReady',
    agent,
    formatAgo(renewedAt, nowMs),
    network ?? '-',
    podCidrs.join(', '),
  ])
  const live = nodes.filter(({ agent }) => agent === 'live').length
  const sum = `\n${live} of ${wanted ?? nodes.length} agents live\n`
  const hint = `Look at the pods without one: kubectl -n ${namespace} get pods -o wide -l app.kubernetes.io/component=agent\n`
  const table = formatTable([['NODE', 'STATUS', 'AGENT', 'RENEWED', 'NETWORK', 'POD CIDRS'], ...rows])
  return `${table}${sum}${isWell(list) ? '' : hint}`
}
