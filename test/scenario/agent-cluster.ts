/** Agents of several nodes on the fakes: one API, one clock, a kernel and a wire for each node. */
import { readAgentSettings } from '#agents/agent/config.ts'
import { type Agent, startAgent } from '#agents/agent/agent.ts'
import type { Device } from '#model/device.ts'
import { mustParseIp } from '#model/ip.ts'
import { createFakeBpfMaps, type FakeBpfMaps } from '#ports/bpf-maps.fake.ts'
import { createFakeBpfPrograms, type FakeBpfPrograms } from '#ports/bpf-programs.fake.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { createFakeClock, type FakeClock } from '#ports/clock.fake.ts'
import { createFakeFrameSender, type FakeFrameSender } from '#ports/frame-sender.fake.ts'
import { createFakeHostFiles, type FakeHostFiles } from '#ports/host-files.fake.ts'
import { createFakeKubeApi, type FakeKubeApi } from '#ports/kube-api.fake.ts'
import type { KubeApi, KubeObject } from '#ports/kube-api.ts'
import { createFakeLog, type FakeLog } from '#ports/log.fake.ts'
import { createFakeNetDevices, type FakeNetDevices } from '#ports/net-devices.fake.ts'
import { createFakeNodeNetwork, type FakeNodeNetwork } from '#ports/node-network.fake.ts'
import { createFakeStatusPorts, type FakeStatusPorts } from '#ports/status-ports.fake.ts'
import { decodeL2Key4 } from '#wire/bpf/l2-responder4.ts'

export interface ScenarioNode {
  readonly name: string
  readonly maps: FakeBpfMaps
  readonly frames: FakeFrameSender
  readonly net: FakeNetDevices
  readonly programs: FakeBpfPrograms
  readonly network: FakeNodeNetwork
  readonly files: FakeHostFiles
  readonly statusPorts: FakeStatusPorts
  readonly log: FakeLog
  agent: Agent | undefined
}

export interface Cluster {
  readonly api: FakeKubeApi
  readonly clock: FakeClock
  /** Adds the Node object and starts an agent on it. */
  start(name: string, options?: StartOptions): ScenarioNode
  /** Starts an agent again on a node whose agent ended: same kernel. */
  restart(node: ScenarioNode, options?: StartOptions): void
  close(): Promise<void>
}

export interface StartOptions {
  readonly device?: Partial<Device>
  /** Before the agent starts. */
  readonly prepare?: (node: ScenarioNode) => void
  readonly environment?: Readonly<Record<string, string>>
  /** Stands between the agent and its maps. */
  readonly faultyMaps?: (maps: BpfMaps) => BpfMaps
  /** Stands between the agent and the API. */
  readonly faultyApi?: (api: KubeApi) => KubeApi
}

export function createCluster(): Cluster {
  const clock = createFakeClock()
  const api = createFakeKubeApi({ nowMs: () => clock.nowMs() })
  const nodes: ScenarioNode[] = []
  const launch = (node: ScenarioNode, options: StartOptions): void => {
    const settings = readAgentSettings({
      BALISE_NODE_NAME: node.name,
      BALISE_CGROUP_ROOT: '/sys/fs/cgroup',
      BALISE_KUBE_PROXY_REPLACEMENT: 'true',
      ...options.environment,
    })
    if (!settings.ok) throw new Error(JSON.stringify(settings.error))
    const ports = {
      api: { ...(options.faultyApi?.(bind(api)) ?? bind(api)), close: () => undefined },
      server: () => 'https://fake',
      maps: { ...(options.faultyMaps?.(node.maps) ?? node.maps), close: () => undefined },
      programs: { ...node.programs, close: () => undefined },
      net: node.net,
      network: node.network,
      files: node.files,
      statusPorts: node.statusPorts,
      frames: { ...node.frames, send: node.frames.send.bind(node.frames), close: () => undefined },
      clock,
      log: node.log,
      random: () => 0,
    }
    node.agent = startAgent(ports, settings.value, '0.0.0')
  }
  return {
    api,
    clock,
    start(name, options = {}) {
      const number = nodes.length + 1
      api.put(nodeObject(name, number))
      const device = lanDevice(number, options.device ?? {})
      const node: ScenarioNode = {
        name,
        maps: createFakeBpfMaps(),
        frames: createFakeFrameSender(),
        net: createFakeNetDevices([device]),
        programs: createFakeBpfPrograms([device]),
        network: createFakeNodeNetwork(),
        files: createFakeHostFiles(),
        statusPorts: createFakeStatusPorts(),
        log: createFakeLog(),
        agent: undefined,
      }
      nodes.push(node)
      options.prepare?.(node)
      launch(node, options)
      return node
    },
    restart: (node, options = {}) => launch(node, options),
    close: async () => {
      const ends = Promise.all(nodes.map(async (node) => await node.agent?.close()))
      await clock.advance(1)
      await ends
    },
  }
}

function bind(api: FakeKubeApi): KubeApi {
  return {
    get: api.get.bind(api),
    list: api.list.bind(api),
    pages: api.pages.bind(api),
    watch: api.watch.bind(api),
    create: api.create.bind(api),
    replace: api.replace.bind(api),
    patch: api.patch.bind(api),
    delete: api.delete.bind(api),
    close: () => undefined,
  }
}

export function lanDevice(number: number, overrides: Partial<Device> = {}): Device {
  return {
    name: 'eth0',
    ifindex: 2,
    mac: `02:00:00:00:00:0${number}`,
    mtuBytes: 1500,
    up: true,
    carrier: true,
    loopback: false,
    kind: '',
    masterIfindex: 0,
    addresses: [{ address: mustParseIp(`192.168.10.${214 + number}`), prefixLengthBits: 24 }],
    ...overrides,
  }
}

/** Addresses for which the kernel of a node answers ARP, sorted. */
export function answers(node: ScenarioNode): readonly string[] {
  return node.maps
    .map('l2_responder4')
    .entries()
    .map(({ key }) => {
      const decoded = decodeL2Key4(key)
      return decoded.ok
        ? [24n, 16n, 8n, 0n].map((shift) => (decoded.value.address.value >> shift) & 255n).join('.')
        : '?'
    })
    .toSorted()
}

export function nodeObject(name: string, number: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: {
      addresses: [{ type: 'InternalIP', address: `192.168.10.${214 + number}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

export function policyObject(spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumL2AnnouncementPolicy',
    metadata: { name: 'lab-l2-policy' },
    spec: { loadBalancerIPs: true, externalIPs: true, interfaces: ['eth0'], ...spec },
  }
}

export function serviceObject(
  name: string,
  options: { readonly ip?: string; readonly spec?: Readonly<Record<string, unknown>> } = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      ipFamilies: ['IPv4'],
      ...options.spec,
    },
    status: { loadBalancer: options.ip === undefined ? {} : { ingress: [{ ip: options.ip, ipMode: 'VIP' }] } },
  }
}

export interface EndpointOptions {
  readonly address: string
  readonly nodeName: string
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

export function sliceObject(service: string, endpoints: readonly EndpointOptions[]): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-abc`, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints: endpoints.map(({ address, nodeName, ready = true, serving = ready, terminating = false }) => ({
      addresses: [address],
      nodeName,
      conditions: { ready, serving, terminating },
    })),
  }
}
