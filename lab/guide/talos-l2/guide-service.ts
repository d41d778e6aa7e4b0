import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deviceOf, hostsOfRole } from '#lab/topology/topology.ts'
import { expect, type GuideContext, GuideFailure } from '#lab/guide/step.ts'

/** The guide's Service: namespace, name, the address that it gets, and the Lease by which people see its leader. */
export const NAMESPACE = 'test-loadbalancer'
export const ADDRESS = '192.168.10.75'
export const LEASE = `cilium-l2announce-${NAMESPACE}-nginx`

/** What the guide's manifests call the nodes' interface. */
const GUIDE_DEVICE = 'enp0s1'

/** One of the guide's manifests, unchanged but for the interface's name where the topology has another. */
export function manifest(context: GuideContext, name: string): string {
  const text = readFileSync(join(import.meta.dirname, '..', 'manifests', `${name}.yaml`), 'utf8')
  const device = interfaceName(context)
  if (device === GUIDE_DEVICE || !text.includes(GUIDE_DEVICE)) return text
  context.show(`(the guide's ${GUIDE_DEVICE} is ${device} here)`)
  return text.replaceAll(GUIDE_DEVICE, device)
}

/** What the nodes call their interface to the LAN. */
export function interfaceName({ lab: { topology } }: GuideContext): string {
  const [node] = hostsOfRole(topology, 'node')
  return node === undefined ? GUIDE_DEVICE : deviceOf(topology, node)
}

/** The names of the nodes. */
export function nodeNames({ lab: { topology } }: GuideContext): readonly string[] {
  return hostsOfRole(topology, 'node').map(({ name }) => name)
}

/** The holder of a Service's Lease; undefined while there is none. */
export async function leaseHolder(context: GuideContext, lease: string): Promise<string | undefined> {
  const ask = [
    'get',
    'lease',
    lease,
    '-n',
    'kube-system',
    '--ignore-not-found',
    '-o',
    'jsonpath={.spec.holderIdentity}',
  ]
  return (await context.ask(ask)) || undefined
}

/** The node that leads for the guide's Service. */
export async function leader(context: GuideContext): Promise<string> {
  return String(await context.until(`the Lease ${LEASE}`, async () => (await leaseHolder(context, LEASE)) ?? false))
}

/** The addresses that are left in a pool, as `kubectl get` shows them. */
export async function expectAvailable(context: GuideContext, pool: string, count: number): Promise<void> {
  const ask = ['get', 'ciliumloadbalancerippool', pool, '--no-headers']
  const wanted = new RegExp(`^${pool} +false +False +${count} `)
  await context.until(`pool ${pool} to have ${count} addresses left`, async () => wanted.test(await context.ask(ask)))
  expect('The pool', await context.kubectl(['get', 'ciliumloadbalancerippool', pool]), new RegExp(wanted, 'm'))
}

/** Asks from the client until the page comes. */
export async function answers(context: GuideContext, url: string): Promise<void> {
  const curl = ['curl', '-s', '--max-time', '2', '-o', '/dev/null', '-w', '%{http_code}', url]
  const code = await context.on('client', curl)
  if (code.trim() !== '200') throw new GuideFailure(`${url} answered ${code.trim()}, not 200`)
}
