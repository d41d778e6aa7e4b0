import { attemptOn } from '#lab/machine/inside.ts'
import { seconds } from '#lab/progress.ts'
import { expect, type GuideContext, GuideFailure } from '#lab/guide/step.ts'
import { nodeNames } from './guide-service.ts'

/** A node becomes Ready within this time after its agent's container has started. */
const READY_BOUND_MS = 10_000
const AGENTS = ['-n', 'kube-system', '-l', 'app.kubernetes.io/name=balise,app.kubernetes.io/component=agent']

/** Step 1: the cluster as it is before Balise. */
export async function lookAtNodes(context: GuideContext): Promise<void> {
  const { lab, hierarchies } = context
  const nodes = nodeNames(context)
  const listed = await context.kubectl(['get', 'nodes'])
  if (listed.match(/ NotReady /g)?.length !== nodes.length) throw new GuideFailure('A node is Ready without a CNI')
  for (const host of nodes) {
    const found = await attemptOn({ lab: lab.name, host }, hierarchies, [
      'find',
      '/etc/cni/net.d',
      '/opt/cni/bin',
      '-type',
      'f',
    ])
    expect(`Files of a CNI on ${host}`, found.stdout, /^$/)
  }
  context.show('/etc/cni/net.d and /opt/cni/bin are empty on every node')
  const proxy = lab.topology.kubeProxy === 'none' ? 'no kube-proxy runs' : `kube-proxy runs (${lab.topology.kubeProxy})`
  const way = lab.topology.api === 'proxy' ? 'localhost:7445' : "the control plane's address"
  context.show(`${proxy}; the nodes reach the API at ${way}`)
}

/** Step 2: `helm install` with the values file of the topology. */
export async function install(context: GuideContext): Promise<void> {
  const nodes = nodeNames(context)
  await context.helm(context.install, /^(NAME|STATUS|REVISION):|^Balise .* runs/)
  const pods = await context.kubectl(['get', 'pods', ...AGENTS, '-o', 'wide'])
  for (const node of nodes) expect(`The agent of ${node}`, pods, new RegExp(`^\\S+ +1/1 +Running .* ${node} `, 'm'))
  if (pods.trim().split('\n').length !== nodes.length + 1) throw new GuideFailure('There is not one agent a node')
  await context.until('the nodes to be Ready', async () => {
    const listed = await context.ask(['get', 'nodes', '--no-headers'])
    return (listed.match(/ Ready /g)?.length ?? 0) === nodes.length
  })
  await context.kubectl(['get', 'nodes'])
  for (const node of nodes) {
    const tookMs = await readyAfterMs(context, node)
    context.show(`${node} was Ready ${seconds(tookMs)} after its agent's container had started`)
    if (tookMs > READY_BOUND_MS) throw new GuideFailure(`It took more than ${seconds(READY_BOUND_MS)}`)
  }
}

/** From the start of the agent's container to the node's condition, to the second as the API has them. */
async function readyAfterMs({ ask }: GuideContext, node: string): Promise<number> {
  const started = '{.items[0].status.containerStatuses[?(@.name=="agent")].state.running.startedAt}'
  const pod = await ask([
    'get',
    'pods',
    ...AGENTS,
    `--field-selector=spec.nodeName=${node}`,
    '-o',
    `jsonpath=${started}`,
  ])
  const ready = '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}'
  const at = await ask(['get', 'node', node, '-o', `jsonpath=${ready}`])
  const tookMs = Date.parse(at) - Date.parse(pod)
  if (Number.isNaN(tookMs)) throw new GuideFailure(`Times that are none: agent ${pod}, node ${at}`)
  return Math.max(tookMs, 0)
}

/** Step 3: the agents' account, as the chart has it. */
export async function checkLeases({ kubectl, ask }: GuideContext): Promise<void> {
  const account = await ask([
    'get',
    'daemonset',
    'balise',
    '-n',
    'kube-system',
    '-o',
    'jsonpath={.spec.template.spec.serviceAccountName}',
  ])
  const answer = await kubectl([
    ...['auth', 'can-i', 'get', 'leases', `--as=system:serviceaccount:kube-system:${account}`, '-n', 'kube-system'],
  ])
  expect('May the agent get leases', answer, /^yes$/m)
}
