import { expect, type GuideContext } from '#lab/guide/step.ts'
import { ADDRESS, leader, LEASE, nodeNames } from './guide-service.ts'

/** A pod's address and port, as the guide shows it: `10.244.2.98:80`. */
const POD = String.raw`10\.244\.\d+\.\d+:80`

/** Step 8: what the guide looks at, with its `grep`. */
export async function verify(context: GuideContext): Promise<void> {
  const node = nodeNames(context)[0] ?? ''
  await settings(context, node)
  const holder = await leader(context)
  const leases = await context.kubectlExcerpt(['get', 'leases', '-n', 'kube-system'], /l2announce/)
  expect('The Lease of the Service', leases, new RegExp(`^${LEASE} +${holder} +\\d+(s|m\\d*s?)$`, 'm'))
  const ours = ADDRESS.replaceAll('.', '\\.')
  const list = await context.balise(node, ['service', 'list'], new RegExp(`^ID |${ours}`))
  expect('service list', list, new RegExp(`^\\d+ +${ours}:80/TCP +LoadBalancer +1 => ${POD}/TCP \\(active\\)$`, 'm'))
  const id = new RegExp(`^(\\d+) +${ours}:80/TCP`, 'm').exec(list)?.[1]
  const table = await context.balise(node, ['bpf', 'lb', 'list'], new RegExp(`^SERVICE ADDRESS|${ours}`))
  expect('bpf lb list', table, new RegExp(`^${ours}:80/TCP \\(1\\) +${POD}/TCP \\(${id}\\) \\(1\\)$`, 'm'))
  expect('bpf lb list', table, new RegExp(`^${ours}:80/TCP \\(0\\) .*\\[LoadBalancer.*\\]$`, 'm'))
  await context.balise(node, ['l2', 'list'])
}

/** With the guide's values both are on; without them neighbour discovery is as the chart has it. */
async function settings(context: GuideContext, node: string): Promise<void> {
  const debug = await context.balise(node, ['debuginfo'], /enable-l2/)
  const discovery = context.lab.topology.valuesFile === undefined ? '(true|false)' : 'true'
  for (const setting of ['announcements:true', `neigh-discovery:${discovery}`, 'pod-announcements:false'])
    expect('debuginfo', debug, new RegExp(`^enable-l2-${setting}$`, 'm'))
}
