import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubectl } from '#lab/cluster/kubectl.ts'
import { attemptOn } from '#lab/machine/inside.ts'
import { macOf } from '#lab/machine/names.ts'
import { waitFor } from '#lab/process/wait.ts'
import { seconds } from '#lab/progress.ts'
import { hostsOfRole, LAN_DEVICE } from '#lab/topology/topology.ts'
import { expect, type GuideContext, GuideFailure, type GuideStep } from './step.ts'

/** The guide for LoadBalancers by L2 announcements on Talos, from the installation on: its manifests unchanged, its interface's name aside. */
export const TALOS_L2: readonly GuideStep[] = [
  { title: 'Balise runs on every node, and the nodes are Ready', run: showAgents },
  { title: 'the agents may write leases', run: checkLeases },
  { title: 'a pool of four addresses', run: applyPool },
  { title: 'an L2 announcement policy', run: applyPolicy },
  { title: 'a Service of type LoadBalancer gets an address', run: exposeNginx },
  { title: 'it answers a client on the LAN', run: askFromClient },
  { title: 'what the nodes know of it', run: lookInside },
]

const NAMESPACE = 'test-loadbalancer'
const ADDRESS = '192.168.10.75'
/** From the address in the Service's status to the first answer a client gets. */
const FIRST_ANSWER_BOUND_MS = 1000
/** What the guide's manifests call the nodes' interface. */
const GUIDE_DEVICE = 'enp0s1'

const manifest = (name: string): string => readFileSync(join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8')

async function showAgents(context: GuideContext): Promise<void> {
  const nodes = hostsOfRole(context.lab.topology, 'node').length
  const listed = await context.kubectl(['get', 'nodes'])
  if (listed.match(/ Ready /g)?.length !== nodes) throw new GuideFailure(`Not all ${nodes} nodes are Ready`)
  const pods = await context.kubectl([
    'get',
    'pods',
    '-n',
    'kube-system',
    '-l',
    'app.kubernetes.io/component=agent',
    '-o',
    'wide',
  ])
  if (pods.match(/ 1\/1 +Running /g)?.length !== nodes)
    throw new GuideFailure(`There is not one running agent on each of ${nodes} nodes`)
}

async function checkLeases({ kubectl: run }: GuideContext): Promise<void> {
  const answer = await run([
    'auth',
    'can-i',
    'get',
    'leases',
    '--as=system:serviceaccount:kube-system:balise',
    '-n',
    'kube-system',
  ])
  expect('May the agent get leases', answer, /^yes$/m)
}

async function applyPool(context: GuideContext): Promise<void> {
  await context.kubectl(['apply', '-f', '-'], manifest('pool'))
  const ask = ['get', 'ciliumloadbalancerippool', 'lab-lb-pool', '-o', 'jsonpath={.status.conditions}']
  await until(context, 'the pool to count its addresses', async () =>
    (await quiet(context, ask)).includes('IPsAvailable'),
  )
  const shown = await context.kubectl(['get', 'ciliumloadbalancerippool'])
  expect('The columns of the pool', shown, /^NAME +DISABLED +CONFLICTING +IPS AVAILABLE +AGE$/m)
  expect('The pool', shown, /^lab-lb-pool +false +False +4 /m)
}

async function applyPolicy(context: GuideContext): Promise<void> {
  context.show(`(the guide's ${GUIDE_DEVICE} is ${LAN_DEVICE} here)`)
  await context.kubectl(['apply', '-f', '-'], manifest('policy').replace(GUIDE_DEVICE, LAN_DEVICE))
  await context.kubectl(['get', 'ciliuml2announcementpolicy'])
}

async function exposeNginx(context: GuideContext): Promise<void> {
  await context.kubectl(['create', 'namespace', NAMESPACE])
  await context.kubectl(['create', 'deployment', 'nginx', '--image=nginx:latest', '-n', NAMESPACE])
  await quiet(context, ['rollout', 'status', 'deployment/nginx', '-n', NAMESPACE, '--timeout=90s'])
  await context.kubectl(['expose', 'deployment', 'nginx', '--type=LoadBalancer', '--port=80', '-n', NAMESPACE])
  const startedMs = performance.now()
  const ask = ['get', 'svc', 'nginx', '-n', NAMESPACE, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']
  const ip = await until(context, 'the Service to get an address', () => quiet(context, ask))
  context.show(`from <pending> to ${ip} in ${seconds(performance.now() - startedMs)}`)
  expect('The address', String(ip), new RegExp(`^${ADDRESS}$`))
  await context.kubectl(['get', 'svc', 'nginx', '-n', NAMESPACE])
}

async function askFromClient(context: GuideContext): Promise<void> {
  const { lab, hierarchies } = context
  const startedMs = performance.now()
  const curl = ['curl', '-s', '--max-time', '1', `http://${ADDRESS}`]
  await until(context, 'the first answer', async () => {
    const answer = await attemptOn({ lab: lab.name, host: 'client' }, hierarchies, curl)
    return answer.exitCode === 0
  })
  const tookMs = performance.now() - startedMs
  context.show(`first answer ${seconds(tookMs)} after the address was there`)
  if (tookMs > FIRST_ANSWER_BOUND_MS) throw new GuideFailure(`It took more than ${seconds(FIRST_ANSWER_BOUND_MS)}`)
  expect('The page', await context.on('client', curl, 4), /nginx/i)
  const neighbour = await context.on('client', ['ip', 'neigh', 'show', ADDRESS])
  const owner = hostsOfRole(lab.topology, 'node').find(({ name }) => neighbour.includes(macOf(lab.name, name)))
  if (owner === undefined) throw new GuideFailure(`${ADDRESS} has the address of no node: ${neighbour.trim()}`)
  context.show(`${ADDRESS} is at ${owner.name}`)
}

async function lookInside(context: GuideContext): Promise<void> {
  const node = hostsOfRole(context.lab.topology, 'node')[0]?.name ?? ''
  const debug = await context.balise(node, ['debuginfo'], /enable-l2/)
  for (const setting of ['announcements:true', 'neigh-discovery:true', 'pod-announcements:false']) {
    expect('debuginfo', debug, new RegExp(`^enable-l2-${setting}$`, 'm'))
  }
  const ours = new RegExp(ADDRESS.replaceAll('.', '\\.'))
  const rows = new RegExp(`^(ID|SERVICE) |${ours.source}`)
  expect(
    'service list',
    await context.balise(node, ['service', 'list'], rows),
    new RegExp(`${ours.source}:80/TCP +LoadBalancer .*active`),
  )
  const table = await context.balise(node, ['bpf', 'lb', 'list'], rows)
  expect('bpf lb list', table, new RegExp(`${ours.source}:80/TCP \\(0\\) .*\\[LoadBalancer`))
  expect('bpf lb list', table, new RegExp(`${ours.source}:80/TCP \\(1\\) +10\\.244\\.`))
  expect('l2 list', await context.balise(node, ['l2', 'list']), ours)
}

/** kubectl without showing it: for what is asked again and again. */
function quiet({ lab, signal }: GuideContext, args: readonly string[]): Promise<string> {
  return kubectl(lab.name, args, { signal })
}

function until(context: GuideContext, what: string, ask: () => Promise<string | boolean>): Promise<string | true> {
  const answered = async (): Promise<string | true | undefined> => (await ask()) || undefined
  return waitFor(answered, { what, boundMs: 60_000, everyMs: 100, signal: context.signal })
}
