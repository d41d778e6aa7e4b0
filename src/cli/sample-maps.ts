import { mustParseIp } from '#model/ip.ts'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import type { LbDump } from './cmds/bpf-lb-list/run.ts'

const VIP = { address: mustParseIp('192.168.10.75'), port: 80, protocol: 'TCP', scope: 'external' } as const
const DNS = { address: mustParseIp('10.43.0.10'), port: 53, protocol: 'UDP', scope: 'external' } as const
const LOCAL = { address: mustParseIp('192.168.10.76'), port: 443, protocol: 'TCP', scope: 'internal' } as const
const HEAD = { backendOrAffinity: 0, qcount: 0, algorithm: 'random' } as const
const SLOT = { count: 0, qcount: 0, flags: 0, algorithm: 'none' } as const
const BACKEND = { port: 80, protocol: 'TCP', state: 'active', nodeAddress: undefined, zone: 0, weight: 100 } as const

/** The maps of guide T's cluster, out of order as the kernel gives them; slot 2 of the VIP names a backend that is not there. */
export const SAMPLE_DUMP: LbDump = {
  services: [
    { key: { ...VIP, slot: 2 }, service: { ...SLOT, frontendId: 20, backendOrAffinity: 9 } },
    { key: { ...VIP, slot: 1 }, service: { ...SLOT, frontendId: 20, backendOrAffinity: 1 } },
    {
      key: { ...VIP, slot: 0 },
      service: { ...HEAD, frontendId: 20, count: 2, flags: LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE },
    },
    {
      key: { ...LOCAL, slot: 0 },
      service: {
        ...HEAD,
        frontendId: 4,
        count: 0,
        flags: LB_FLAGS.LB_LOAD_BALANCER | LB_FLAGS.LB_ROUTABLE | LB_FLAGS.LB_EXTERNAL_LOCAL | LB_FLAGS.LB_TWO_SCOPES,
      },
    },
    { key: { ...DNS, slot: 0 }, service: { ...HEAD, frontendId: 3, count: 0, flags: LB_FLAGS.LB_CLUSTER_IP } },
  ],
  backends: new Map([
    [2, { ...BACKEND, address: mustParseIp('10.244.1.7'), local: false }],
    [1, { ...BACKEND, address: mustParseIp('10.244.2.98'), local: true }],
  ]),
  reverseNat: new Map([
    [20, { address: mustParseIp('192.168.10.75'), port: 80 }],
    [3, { address: mustParseIp('10.43.0.10'), port: 53 }],
  ]),
}
