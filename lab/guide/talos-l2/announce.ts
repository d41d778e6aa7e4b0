import { attemptOn } from '#lab/machine/inside.ts'
import { macOf } from '#lab/machine/names.ts'
import { seconds } from '#lab/progress.ts'
import { expect, type GuideContext, GuideFailure } from '#lab/guide/step.ts'
import { ADDRESS, expectAvailable, interfaceName, leader, manifest, NAMESPACE } from './guide-service.ts'

/** From the address in the Service's status to the first answer a client gets. */
const FIRST_ANSWER_BOUND_MS = 1000
/** An interface that no node has. */
const WRONG_DEVICE = 'enp9s9'

/** Step 4. */
export async function applyPool(context: GuideContext): Promise<void> {
  await context.kubectl(['apply', '-f', '-'], manifest(context, 'pool'))
  await expectAvailable(context, 'lab-lb-pool', 4)
  const shown = await context.ask(['get', 'ciliumloadbalancerippool'])
  expect('The columns of the pool', shown, /^NAME +DISABLED +CONFLICTING +IPS AVAILABLE +AGE$/m)
  expect('The pool', shown, /^lab-lb-pool +false +False +4 +\d+m?\d*s$/m)
}

/** Step 5: first the classic mistake, which has to be said, with the names that there are; then the guide's policy. */
export async function applyPolicy(context: GuideContext): Promise<void> {
  const good = manifest(context, 'policy')
  const device = interfaceName(context)
  context.show(`the classic mistake first: ${WRONG_DEVICE} for ${device}`)
  await context.kubectl(['apply', '-f', '-'], good.replace(device, WRONG_DEVICE))
  const path = '{.status.conditions[?(@.status=="False")].message}'
  const said = await context.until('the policy to say that the interface is wrong', () =>
    context.ask(['get', 'ciliuml2announcementpolicy', 'lab-l2-policy', '-o', `jsonpath=${path}`]),
  )
  context.show(`its status says: ${said}`)
  expect('The condition', String(said), new RegExp(`${WRONG_DEVICE}.*${device}`))
  await context.kubectl(['apply', '-f', '-'], good)
  await context.kubectl(['get', 'ciliuml2announcementpolicy'])
}

/** Step 6. */
export async function exposeNginx(context: GuideContext): Promise<void> {
  await context.kubectl(['create', 'namespace', NAMESPACE])
  await context.kubectl(['create', 'deployment', 'nginx', '--image=nginx:latest', '-n', NAMESPACE])
  await context.ask(['rollout', 'status', 'deployment/nginx', '-n', NAMESPACE, '--timeout=90s'])
  await context.kubectl(['expose', 'deployment', 'nginx', '--type=LoadBalancer', '--port=80', '-n', NAMESPACE])
  const startedMs = performance.now()
  const ask = ['get', 'svc', 'nginx', '-n', NAMESPACE, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']
  const ip = await context.until('the Service to get an address', () => context.ask(ask))
  context.show(`from <pending> to ${ip} in ${seconds(performance.now() - startedMs)}`)
  expect('The address', String(ip), new RegExp(`^${ADDRESS}$`))
  const shown = await context.kubectl(['get', 'svc', 'nginx', '-n', NAMESPACE])
  expect('The Service', shown, new RegExp(`^nginx +LoadBalancer +\\S+ +${ADDRESS} `, 'm'))
}

/** Step 7. */
export async function askFromClient(context: GuideContext): Promise<void> {
  const { lab, hierarchies } = context
  const startedMs = performance.now()
  const curl = ['curl', '-s', '--max-time', '1', `http://${ADDRESS}`]
  await context.until('the first answer', async () => {
    const answer = await attemptOn({ lab: lab.name, host: 'client' }, hierarchies, curl)
    return answer.exitCode === 0
  })
  const tookMs = performance.now() - startedMs
  context.show(`first answer ${seconds(tookMs)} after the address was there`)
  if (tookMs > FIRST_ANSWER_BOUND_MS) throw new GuideFailure(`It took more than ${seconds(FIRST_ANSWER_BOUND_MS)}`)
  expect('The page', await context.on('client', curl, 4), /Welcome to nginx/)
  const neighbours = await context.on('client', ['ip', 'neigh', 'show', ADDRESS])
  const stations = neighbours.match(/lladdr \S+/g) ?? []
  if (stations.length !== 1)
    throw new GuideFailure(`${ADDRESS} has ${stations.length} MACs in the client's table, not one`)
  const owner = await leader(context)
  expect(`The MAC of the leader ${owner}`, String(stations[0]), new RegExp(macOf(lab.name, owner)))
  context.show(`that is the MAC of ${owner}, the leader`)
}
