import { formatIp } from '#model/ip.ts'
import { attemptOn } from '#lab/machine/inside.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'
import { type GuideContext, GuideFailure } from '#lab/guide/step.ts'
import { ADDRESS, answers, leader, LEASE, leaseHolder, NAMESPACE, nodeNames } from './guide-service.ts'

/**
 * Step 9. The pod is put on a node that does not lead: with `Cluster` the leader passes the client on in its own name; with `Local` the
 * node of the pod has to become the leader, and the pod sees the client itself.
 */
export async function trafficPolicies(context: GuideContext): Promise<void> {
  const { topology } = context.lab
  const before = await leader(context)
  const home = nodeNames(context).find((name) => name !== before) ?? before
  context.show(`${before} leads, so the pod goes to ${home}`)
  await pinTo(context, home)
  const addressOf = (name: string): string => {
    const host = topology.hosts.find((each) => each.name === name)
    return host === undefined ? '' : formatIp(host.address)
  }
  const client = hostsOfRole(topology, 'client')[0]?.name ?? ''

  await reached(context)
  const lost = await seenByNginx(context)
  context.show(`Cluster: nginx saw ${lost}, which is ${lost === addressOf(before) ? before : 'not the client'}`)
  if (lost === addressOf(client)) throw new GuideFailure("Cluster kept the client's address on a second hop")

  const local = '{"spec":{"externalTrafficPolicy":"Local"}}'
  await context.kubectl(['patch', 'svc', 'nginx', '-n', NAMESPACE, '-p', local])
  await context.until(`${home} to lead`, async () => (await leaseHolder(context, LEASE)) === home)
  context.show(`${home} leads now: only a node with a ready pod may`)
  await reached(context)
  const kept = await seenByNginx(context)
  context.show(`Local: nginx saw ${kept}, the client itself`)
  if (kept !== addressOf(client)) throw new GuideFailure(`Local lost the client's address: nginx saw ${kept}`)
}

/** Moves the Deployment's only pod to a node. */
async function pinTo(context: GuideContext, node: string): Promise<void> {
  const patch = JSON.stringify({
    spec: {
      strategy: { type: 'Recreate', rollingUpdate: null },
      template: { spec: { nodeSelector: { 'kubernetes.io/hostname': node } } },
    },
  })
  await context.kubectl(['patch', 'deployment', 'nginx', '-n', NAMESPACE, '-p', patch])
  await context.ask(['rollout', 'status', 'deployment/nginx', '-n', NAMESPACE, '--timeout=90s'])
}

/** Waits until the client is answered (a pod that moved takes a moment to be known everywhere), then asks once more and shows it. */
async function reached(context: GuideContext): Promise<void> {
  const { lab, hierarchies } = context
  const quick = ['curl', '-s', '-o', '/dev/null', '--max-time', '1', `http://${ADDRESS}`]
  await context.until(`${ADDRESS} to answer`, async () => {
    const { exitCode } = await attemptOn({ lab: lab.name, host: 'client' }, hierarchies, quick)
    return exitCode === 0
  })
  await answers(context, `http://${ADDRESS}`)
}

/** The client's address in the last line of nginx's log. */
async function seenByNginx(context: GuideContext): Promise<string> {
  const line = await context.kubectl(['logs', '-n', NAMESPACE, 'deployment/nginx', '--tail=1'])
  return /^(\S+) - - \[/.exec(line)?.[1] ?? 'nobody'
}
