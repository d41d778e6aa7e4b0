/**
 * `bin/node test/perf/ipam-burst-bare.ts NAMESPACE AT_ONCE`: what the operator is compared with. It watches Services and gives each new one
 * an address in its status, the next number, with nothing looked at, checked or remembered.
 */
import { connectKubeApi } from '#io/kube/connect.ts'
import { formatIp } from '#model/ip.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { SERVICES } from '#ports/kube-resources.ts'
import { hasAddress } from './ipam-burst-load.ts'

const FIRST = (10n << 24n) + (96n << 16n) + 1n

/** The status that the operator writes for a Service that is satisfied, in as many octets. */
export function bareStatus(index: number): unknown {
  const ip = formatIp({ family: 'IPv4', value: FIRST + BigInt(index) })
  const condition = {
    type: 'bare.test/IPAMRequestSatisfied', // an operator would take one with its own condition for its own
    status: 'True',
    reason: 'satisfied',
    message: '',
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  return { status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] }, conditions: [condition] } }
}

async function patchNew(api: KubeApi, namespace: string, atOnce: number, signal: AbortSignal): Promise<void> {
  const waiting: string[] = []
  let made = 0
  let working = 0
  const work = async (): Promise<void> => {
    working += 1
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const patch = { kind: 'merge', body: bareStatus(made++) } as const
      await api.patch(SERVICES, { namespace, name }, patch, { subresource: 'status' }, signal)
    }
    working -= 1
  }
  const { resourceVersion } = await api.list(SERVICES, { namespace })
  for await (const event of api.watch(SERVICES, { namespace, resourceVersion }, signal)) {
    if (event.type === 'BOOKMARK') process.stdout.write('watching\n')
    if (event.type !== 'ADDED' || hasAddress(event.object)) continue
    waiting.push(event.object.metadata.name)
    if (working < atOnce) void work() // where it fails, so does the measurement
  }
}

if (import.meta.main) {
  const [namespace = '', atOnce = ''] = process.argv.slice(2)
  const { api } = connectKubeApi({ environment: process.env }, { userAgent: 'ipam-burst-bare' })
  await patchNew(api, namespace, Number(atOnce), new AbortController().signal)
}
