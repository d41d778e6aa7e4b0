import { LB_FLAGS } from '#wire/bpf/consts.ts'

/** In the order in which `cilium-dbg bpf lb list` writes them; the first that is set names the type. */
const TYPES: readonly (readonly [flag: number, word: string])[] = [
  [LB_FLAGS.LB_CLUSTER_IP, 'ClusterIP'],
  [LB_FLAGS.LB_LOAD_BALANCER, 'LoadBalancer'],
  [LB_FLAGS.LB_EXTERNAL_IP, 'ExternalIPs'],
  [LB_FLAGS.LB_NODE_PORT, 'NodePort'],
  [LB_FLAGS.LB_HOST_PORT, 'HostPort'],
]

const WORDS: readonly (readonly [word: string, holds: (flags: number) => boolean])[] = [
  ['Local', has(LB_FLAGS.LB_EXTERNAL_LOCAL)],
  ['InternalLocal', has(LB_FLAGS.LB_INTERNAL_LOCAL)],
  ['two-scopes', has(LB_FLAGS.LB_TWO_SCOPES)],
  ['sessionAffinity', has(LB_FLAGS.LB_AFFINITY)],
  ['non-routable', (flags) => !has(LB_FLAGS.LB_ROUTABLE)(flags)],
  ['check source-range', has(LB_FLAGS.LB_SOURCE_RANGE)],
  ['deny', has(LB_FLAGS.LB_SOURCE_RANGE_DENY)],
  ['l7-load-balancer', has(LB_FLAGS.LB_L7)],
  ['loopback', has(LB_FLAGS.LB_LOOPBACK)],
  ['quarantined', has(LB_FLAGS.LB_QUARANTINED)],
  ['dsr', has(LB_FLAGS.LB_DSR)],
]

/** `ClusterIP, non-routable`: the flags of a frontend's head in words. */
export function flagWords(flags: number): string {
  const type = TYPES.find(([flag]) => has(flag)(flags))
  const words = WORDS.filter(([, holds]) => holds(flags)).map(([word]) => word)
  return [...(type === undefined ? [] : [type[1]]), ...words].join(', ')
}

function has(flag: number): (flags: number) => boolean {
  return (flags) => (flags & flag) !== 0
}
