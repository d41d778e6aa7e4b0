/**
 * Who may import whom: the table of the architecture, for the machine. `tools/check-layers.ts` enforces it, and the diagram in
 * `docs/architecture.md` is generated from it.
 */
export interface Layer {
  readonly folder: string
  readonly holds: string
  /** Other folders it may import; its own is always allowed. */
  readonly mayImport: readonly string[]
  /** npm packages it may import; `node:` is Node's own library. */
  readonly packages: readonly string[]
}

export const LAYERS: readonly Layer[] = [
  {
    folder: 'src/model',
    holds: 'values: addresses, prefixes, services, endpoints, pools; order and set arithmetic on them',
    mayImport: [],
    packages: [],
  },
  {
    folder: 'src/wire',
    holds: 'codecs: Ethernet, ARP; wire/bpf: map keys and values as the kernel has them',
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/crd',
    holds: 'unknown JSON to model, with all mistakes listed; status objects to write',
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/api',
    holds: 'what agent, CLI and lab say to each other',
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/ipam',
    holds: 'allocator: pools + services + holdings to assignments or reasons',
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/cni',
    holds: "the pods' network of a node: mode, conflist, routes, MTU, masquerade; plan",
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/l2',
    holds: 'who answers for an address, and why not the others; what to send when',
    mayImport: ['src/model', 'src/wire'],
    packages: [],
  },
  {
    folder: 'src/datapath',
    holds: 'desired map contents; plan',
    mayImport: ['src/model', 'src/wire'],
    packages: [],
  },
  {
    folder: 'src/values',
    holds: "the chart's values: the table of Cilium's keys and what each does here; what is wrong with a values file",
    mayImport: ['src/model'],
    packages: [],
  },
  {
    folder: 'src/ports',
    holds: 'the outside as interfaces, in-memory and faulty fakes, contract suites',
    mayImport: ['src/model', 'src/wire', 'src/crd'],
    packages: ['node:'],
  },
  {
    folder: 'src/runtime',
    holds: 'informer, reconcile loop, work queue, backoff, leader election; knows no domain',
    mayImport: ['src/model', 'src/ports'],
    packages: ['node:'],
  },
  {
    folder: 'src/io',
    holds: 'the real ports: kube, net, bpf, http, log',
    mayImport: ['src/model', 'src/wire', 'src/crd', 'src/api', 'src/ports'],
    packages: ['node:', '@kubernetes/client-node', 'koffi', 'pino', 'yaml'],
  },
  {
    folder: 'src/agents',
    holds: 'composition: operator, agent: read configuration, open ports, join core and loops',
    mayImport: [
      'src/model',
      'src/wire',
      'src/crd',
      'src/api',
      'src/ipam',
      'src/cni',
      'src/l2',
      'src/datapath',
      'src/ports',
      'src/runtime',
      'src/io',
    ],
    packages: ['node:'],
  },
  {
    folder: 'src/cli',
    holds: 'main.ts, cmds/<name>/{options,run,render}.ts',
    mayImport: [
      'src/model',
      'src/wire',
      'src/crd',
      'src/api',
      'src/ipam',
      'src/cni',
      'src/l2',
      'src/values',
      'src/ports',
      'src/io',
      'src/agents',
    ],
    packages: ['node:', 'commander', 'yaml'],
  },
  {
    folder: 'lab',
    holds: 'the laboratory: real clusters in network namespaces; never in the image',
    mayImport: ['src/model', 'src/wire', 'src/crd', 'src/api', 'src/ports', 'src/io', 'src/runtime', 'tools'],
    packages: ['node:', 'commander', 'yaml', '@kubernetes/client-node'],
  },
  {
    folder: 'tools',
    holds: 'set-up, checks, builders and generators',
    mayImport: ['src/model', 'src/wire', 'src/l2', 'src/values', 'src/agents'],
    packages: ['node:', 'esbuild', 'yaml'],
  },
  {
    folder: 'test',
    holds: 'scenario, packets, netns, e2e, perf: tests of more than one folder; chart: golden files',
    mayImport: [
      'src/model',
      'src/wire',
      'src/crd',
      'src/api',
      'src/ipam',
      'src/cni',
      'src/l2',
      'src/datapath',
      'src/values',
      'src/ports',
      'src/runtime',
      'src/io',
      'src/agents',
      'src/cli',
      'lab',
      'tools',
    ],
    packages: ['node:', 'fast-check', 'yaml', '@kubernetes/client-node'],
  },
]
