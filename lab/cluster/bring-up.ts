import { formatIp, type Ip, WIDTH_BITS } from '#model/ip.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { runOn } from '#lab/machine/inside.ts'
import { type Attachment, attachHost, createSwitch } from '#lab/machine/lan.ts'
import { startMachine } from '#lab/machine/machine.ts'
import { serviceLog } from '#lab/process/launch.ts'
import { explained } from '#lab/process/log-tail.ts'
import { waitFor } from '#lab/process/wait.ts'
import type { Progress } from '#lab/progress.ts'
import { startGateway } from '#lab/proxy/start.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { type LabState, saveApiPort } from '#lab/state/lab-state.ts'
import {
  type Attached,
  attachmentsOf,
  hostsOfRole,
  infrastructureOf,
  type Lan,
  type Topology,
  type TopologyHost,
} from '#lab/topology/topology.ts'
import { ApiClient } from './api-client.ts'
import { certificatesOf } from './certificates.ts'
import { podRoutes } from './cni.ts'
import { API_PORT, startControlPlane } from './control-plane.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { adminKubeconfig } from './kubectl.ts'
import { machineOf } from './node-machine.ts'
import { FORWARDING, nodeObject, startNodeAgents, startNodeBase } from './node-start.ts'
import { createPki } from './pki.ts'
import { pushImages } from './push-images.ts'
import { startRegistry } from './registry.ts'

export interface BringUp {
  readonly state: LabState
  readonly hierarchies: readonly Hierarchy[]
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

/** Makes the hosts of a claimed lab and its control plane, and registers its nodes. Gives the state with the API's port. */
export async function bringUp({ state, hierarchies, progress, signal }: BringUp): Promise<LabState> {
  const { name: lab, topology } = state
  // first, for what runs on the hosts reads them as it starts
  await progress.step('certificates', () => createPki(lab, certificatesOf(topology)))
  await progress.step(`${topology.hosts.length} hosts on a LAN`, () => createHosts(lab, topology, hierarchies))
  const api = await progress.step('API server', () => startApi(state, hierarchies, signal))
  const nodes = hostsOfRole(topology, 'node')
  for (const node of nodes) await registerNode(api.client, topology, node)
  if (topology.size === 'cluster') {
    for (const node of nodes) startNodeAgents(lab, topology, node, hierarchies)
    await progress.step('images in the registry', () => pushImages(lab, topology, hierarchies))
    await progress.step(`${nodes.length} nodes ${topology.cni === 'none' ? 'registered' : 'Ready'}`, () =>
      nodesReady(api.client, state, signal),
    )
  }
  api.client.close()
  return { ...state, apiPort: api.port }
}

async function createHosts(lab: string, topology: Topology, hierarchies: readonly Hierarchy[]): Promise<void> {
  await createSwitch(lab, topology.lans.length)
  await Promise.all(topology.hosts.map((host) => createHost(lab, topology, host, hierarchies)))
}

/** Attaches a host to its LANs and starts it as a machine, with the network settings of its role. */
export async function createHost(
  lab: string,
  topology: Topology,
  host: TopologyHost,
  hierarchies: readonly Hierarchy[],
): Promise<void> {
  for (const attached of attachmentsOf(topology, host)) await attachHost(attachment(lab, topology, host, attached))
  await startMachine(machineOf(lab, topology, host), hierarchies)
  if (host.role === 'node') await startNodeBase(lab, topology, host, hierarchies)
  if (host.role === 'router') await runOn({ lab, host: host.name }, hierarchies, ['sh', '-euc', FORWARDING])
  if (host.role === 'infrastructure' && topology.cni === 'reference') {
    await runOn({ lab, host: host.name }, hierarchies, ['ip', '-batch', '-'], podRoutes(topology, host).join('\n'))
  }
}

/** How a host is plugged into one of its LANs; the router there, on the first, is its way out. */
function attachment(
  lab: string,
  topology: Topology,
  host: TopologyHost,
  { at, lan, device, addresses }: Attached,
): Attachment {
  const first = attachmentsOf(topology, host)[0]?.at === at
  const router = hostsOfRole(topology, 'router').find((each) => each !== host && first)
  const onLan = router === undefined ? undefined : attachmentsOf(topology, router).find((each) => each.at === at)
  const reached = new Set(addresses.map(({ family }) => family))
  return {
    lab,
    host: host.name,
    lan: at,
    // the port of a host's first LAN bears its name, and is what the faults of links are about
    port: first ? host.name : `${host.name}-${at}`,
    device,
    mtuOctets: lan.mtuOctets,
    addresses: addresses.map((ip) => `${formatIp(ip)}/${lengthOn(lan, ip)}`),
    gateways: (onLan?.addresses ?? []).filter(({ family }) => reached.has(family)).map(formatIp),
  }
}

function lengthOn({ prefixes }: Lan, { family }: Ip): number {
  return prefixes.find(({ address }) => address.family === family)?.lengthBits ?? WIDTH_BITS[family]
}

async function startApi(
  { name: lab, topology }: LabState,
  hierarchies: readonly Hierarchy[],
  signal: AbortSignal | undefined,
): Promise<{ readonly client: ApiClient; readonly port: number }> {
  startControlPlane(lab, topology, hierarchies)
  if (topology.size === 'cluster') startRegistry(lab, topology, hierarchies)
  const infrastructure = infrastructureOf(topology).name
  const port = await startGateway({ lab, infrastructure, to: `127.0.0.1:${API_PORT}` }, hierarchies, signal)
  writeKubeconfig({ lab, server: `https://127.0.0.1:${port}`, certificate: 'admin', file: adminKubeconfig(lab) })
  saveApiPort(lab, port)
  const client = new ApiClient(lab, port)
  const ready = async (): Promise<boolean> => (await client.get('/readyz'))?.status === 200
  const logs = ['etcd', 'kube-apiserver', 'api-gateway', 'gateway-outside'].map((name) =>
    serviceLog(lab, infrastructure, name),
  )
  await explained(logs, () => waitFor(ready, { what: 'the API server to be ready', boundMs: 60_000, signal }))
  return { client, port }
}

async function registerNode(client: ApiClient, topology: Topology, node: TopologyHost): Promise<void> {
  const answer = await client.send('POST', '/api/v1/nodes', nodeObject(topology, node))
  if (answer.status !== 201) throw new LabError(`The API server refused the Node ${node.name}: ${answer.body}`)
}

/** Waits until every node is Ready; without a CNI, until each kubelet has reported. */
async function nodesReady(
  client: ApiClient,
  { name: lab, topology }: LabState,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wanted = topology.cni === 'none' ? /True|False/ : /True/
  const all = async (): Promise<boolean> => {
    const answer = await client.get('/api/v1/nodes')
    if (answer?.status !== 200) return false
    const { items } = JSON.parse(answer.body) as { items: readonly NodeWithStatus[] }
    const ready = items.map(
      ({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    )
    return ready.length > 0 && ready.every((status) => wanted.test(status))
  }
  const logs = hostsOfRole(topology, 'node').map(({ name }) => serviceLog(lab, name, 'kubelet'))
  await explained(logs, () => waitFor(all, { what: 'the nodes to be Ready', boundMs: 90_000, everyMs: 200, signal }))
}

interface NodeWithStatus {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}
