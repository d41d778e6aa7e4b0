import type { L2AddressJson, L2Answer, L2NodeJson, L2PolicyJson } from '#api/agent.ts'
import { formatTable } from '#cli/table.ts'

const HEADINGS = ['ADDRESS', 'OWNER', 'MAC', 'SERVICES', 'NODE', 'WHY']

const NO_ADDRESS =
  'No Service has an address to announce: kubectl get services -A shows EXTERNAL-IP; those of nodes are never announced\n'

/** An address and its owner in the first columns, every node and why it is the owner or not in the last two. */
export function renderL2List(answer: L2Answer): string {
  const table = formatTable([HEADINGS, ...answer.addresses.flatMap(addressRows)])
  const none = answer.addresses.length === 0 ? NO_ADDRESS : ''
  return [
    table,
    none,
    ...answer.addresses.map(conflictLine),
    ...answer.nodes.map(nodeLine),
    ...answer.policies.map(policyLines),
  ].join('')
}

function addressRows(entry: L2AddressJson): readonly (readonly string[])[] {
  const services = entry.services.join(', ')
  const left = [entry.address, entry.owner ?? '<none>', entry.ownerMac ?? '', services]
  const right = entry.candidates.map(({ node, code, message }) => [node, `${code}: ${message}`])
  const [first = ['', 'No node could answer for it'], ...others] = right
  return [[...left, ...first], ...others.map((cells) => ['', '', '', '', ...cells])]
}

function conflictLine({ address, conflict, state }: L2AddressJson): string {
  if (conflict === null) return ''
  const gaveWay = state === 'yielded' ? ', and this node gave way' : ''
  return `${address} is also claimed by ${conflict.mac}, ${(conflict.agoMs / 1000).toFixed(0)}s ago${gaveWay}\n`
}

function nodeLine({ node, live, mistake }: L2NodeJson): string {
  if (mistake !== null) return `Node ${node}: ${mistake}\n`
  return live ? '' : `Node ${node} has not renewed its Lease: it is taken for dead\n`
}

function policyLines({ kind, policy, problems }: L2PolicyJson): string {
  const word = kind === 'CiliumL2AnnouncementPolicy' ? 'Policy' : kind
  return problems.map((problem) => `${word} ${policy}: ${problem}\n`).join('')
}
