import { attemptOn } from '#lab/machine/inside.ts'
import { expect, type GuideContext } from '#lab/guide/step.ts'
import { answers, expectAvailable, leaseHolder, manifest, NAMESPACE, nodeNames } from './guide-service.ts'

const BLUE_ADDRESS = '192.168.10.80'
const BLUE_LEASE = `cilium-l2announce-${NAMESPACE}-blue`

/** Step 10: a second pool and a second policy for Services of one colour, on one node; then the Service is deleted. */
export async function severalPools(context: GuideContext): Promise<void> {
  const node = nodeNames(context).at(-1) ?? ''
  await context.kubectl(['label', 'node', node, 'announces=blue', '--overwrite'])
  await context.kubectl(['apply', '-f', '-'], manifest(context, 'several'))
  const ask = ['get', 'svc', 'blue', '-n', NAMESPACE, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']
  const ip = await context.until('the blue Service to get an address', () => context.ask(ask))
  expect('The address from the pool of its colour', String(ip), new RegExp(`^${BLUE_ADDRESS}$`))
  await context.until(`${node} to lead`, async () => (await leaseHolder(context, BLUE_LEASE)) === node)
  context.show(`${BLUE_ADDRESS} comes from the pool of its colour, and ${node} leads, the only node of its policy`)
  await context.until(`${BLUE_ADDRESS} to answer`, () => answersClient(context))
  await answers(context, `http://${BLUE_ADDRESS}`)
  await expectAvailable(context, 'blue', 1)

  await context.kubectl(['delete', 'svc', 'blue', '-n', NAMESPACE])
  await expectAvailable(context, 'blue', 2)
  await context.until(`${BLUE_ADDRESS} to be silent`, async () => !(await answersClient(context)))
  await context.until('its Lease to go', async () => (await leaseHolder(context, BLUE_LEASE)) === undefined)
  context.show(`${BLUE_ADDRESS} is free again, nobody answers for it, and its Lease is gone`)
}

async function answersClient({ lab, hierarchies }: GuideContext): Promise<boolean> {
  const curl = ['curl', '-s', '-o', '/dev/null', '--max-time', '1', `http://${BLUE_ADDRESS}`]
  return (await attemptOn({ lab: lab.name, host: 'client' }, hierarchies, curl)).exitCode === 0
}
