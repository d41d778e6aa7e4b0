import { kubectl } from '#lab/cluster/kubectl.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { attemptOn } from '#lab/machine/inside.ts'
import { macOf } from '#lab/machine/names.ts'
import { waitFor } from '#lab/process/wait.ts'
import type { LabState } from '#lab/state/lab-state.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'

/** An address of a Service as a client on the LAN sees it. */
export interface ServedAddress {
  readonly ip: string
  readonly port: number
}

/** The TCP addresses that Services of type LoadBalancer have, one port of each. */
export async function servedAddresses(lab: string): Promise<readonly ServedAddress[]> {
  const { items } = JSON.parse(await kubectl(lab, ['get', 'services', '-A', '-o', 'json'])) as {
    items: readonly Service[]
  }
  return items.flatMap(({ spec, status }) => {
    const port = spec.ports?.find(({ protocol }) => protocol === 'TCP')?.port
    if (spec.type !== 'LoadBalancer' || port === undefined) return []
    return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [{ ip, port }]))
  })
}

interface Service {
  readonly spec: {
    readonly type?: string
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
}

export interface Client {
  readonly lab: LabState
  readonly host: string
  readonly hierarchies: readonly Hierarchy[]
}

/** Does a connection to the address come about, as the client sees it within 300 ms? */
export async function connects({ lab, host, hierarchies }: Client, { ip, port }: ServedAddress): Promise<boolean> {
  const bounds = ['--connect-timeout', '0.3', '--max-time', '0.4']
  const curl = ['curl', '-s', '-o', '/dev/null', ...bounds, '-w', '%{time_connect}', `telnet://${ip}:${port}`]
  return Number((await attemptOn({ lab: lab.name, host }, hierarchies, curl)).stdout) > 0
}

/** The node whose station the client has for an address; undefined where its table has none of ours. */
export async function ownerSeenBy({ lab, host, hierarchies }: Client, ip: string): Promise<string | undefined> {
  const { stdout } = await attemptOn({ lab: lab.name, host }, hierarchies, ['ip', 'neigh', 'show', ip])
  return hostsOfRole(lab.topology, 'node').find(({ name }) => stdout.includes(macOf(lab.name, name)))?.name
}

export interface Recovery extends ServedAddress {
  readonly afterMs: number
  readonly owner: string | undefined
}

/** Asks each address until it answers the client; the times count from `sinceMs` (of `performance.now()`). */
export function recoveries(
  client: Client,
  addresses: readonly ServedAddress[],
  sinceMs: number,
): Promise<readonly Recovery[]> {
  return Promise.all(
    addresses.map(async (address) => {
      const what = `${address.ip}:${address.port} to answer ${client.host}`
      await waitFor(() => connects(client, address), { what, boundMs: 120_000, everyMs: 50 })
      return { ...address, afterMs: performance.now() - sinceMs, owner: await ownerSeenBy(client, address.ip) }
    }),
  )
}
