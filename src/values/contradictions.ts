import type { Json } from './row.ts'
import { isSet } from './presence.ts'

/** What holds of one value. `isSet`: it is there and not null, '', [] or {}. */
export type Condition =
  | { readonly key: string; readonly isSet: boolean }
  | { readonly key: string; readonly is: readonly Json[] }
  | { readonly key: string; readonly isNot: readonly Json[] }
  /** Durations; a value that is not set is its fallback. */
  | { readonly key: string; readonly fallback: string; readonly notLongerThan: string; readonly otherFallback: string }
  /** Ports; one that is not set is its fallback. */
  | { readonly key: string; readonly fallback: number; readonly sameAs: string; readonly otherFallback: number }
  /** Whole numbers, both ends included; one that is not set is in no range. */
  | { readonly key: string; readonly from: number; readonly to: number }

/** Values that are good alone and make no sense together, or a part of a range that makes none: refused when every condition holds. */
export interface Contradiction {
  readonly when: readonly Condition[]
  readonly why: string
  readonly instead: string
}

const CHAINED: readonly Condition[] = [
  { key: 'cni.chainingMode', isSet: true },
  { key: 'cni.chainingMode', isNot: ['none', 'portmap'] },
]
const REPLACES: readonly Json[] = [true, 'true', 'strict']

export const CONTRADICTIONS: readonly Contradiction[] = [
  {
    when: [
      { key: 'k8sServiceHost', isSet: true },
      { key: 'k8sServiceHost', isNot: ['auto'] },
      { key: 'k8sServicePort', isSet: false },
    ],
    why: 'an address of the API server without its port',
    instead: 'set k8sServicePort: 7445 for KubePrism of Talos, 6444 for k3s, 6443 for most others',
  },
  {
    when: [
      { key: 'k8sServicePort', isSet: true },
      { key: 'k8sServiceHost', isSet: false },
      { key: 'k8sServiceHostRef.name', isSet: false },
    ],
    why: 'a port of the API server without its address',
    instead: 'set k8sServiceHost: localhost for KubePrism of Talos, 127.0.0.1 for k3s; or remove the port',
  },
  {
    when: [
      { key: 'k8sServiceHost', isSet: true },
      { key: 'k8sServiceHostRef.name', isSet: true },
    ],
    why: 'two addresses of the API server',
    instead: 'remove one of them',
  },
  {
    when: [
      { key: 'k8sServiceHostRef.name', isSet: true },
      { key: 'k8sServiceHostRef.key', isSet: false },
    ],
    why: 'a ConfigMap without the key to read in it',
    instead: 'set k8sServiceHostRef.key',
  },
  {
    when: [{ key: 'cni.mode', is: ['full', 'none'] }, ...CHAINED],
    why: 'the plugin cannot be chained in this mode',
    instead: 'set cni.mode: chained, or remove cni.chainingMode',
  },
  {
    when: [
      { key: 'cni.mode', is: ['full', 'none'] },
      { key: 'cni.chainingTarget', isSet: true },
    ],
    why: 'the plugin cannot be chained in this mode',
    instead: 'set cni.mode: chained, or remove cni.chainingTarget',
  },
  {
    when: [
      { key: 'cni.install', is: [false] },
      { key: 'cni.mode', is: ['full', 'chained'] },
    ],
    why: 'this mode needs the plugin on the nodes',
    instead: 'set cni.install: true, or cni.mode: none',
  },
  {
    when: [{ key: 'cni.install', is: [false] }, ...CHAINED],
    why: 'chaining needs the plugin on the nodes',
    instead: 'set cni.install: true, or remove cni.chainingMode',
  },
  {
    when: [
      { key: 'kubeProxyReplacement', is: REPLACES },
      { key: 'nodePort.enabled', is: [false] },
    ],
    why: 'with kube-proxy replaced node ports are served',
    instead: 'remove nodePort.enabled, or set kubeProxyReplacement: false',
  },
  {
    when: [
      { key: 'kubeProxyReplacement', isNot: REPLACES },
      { key: 'nodePort.enabled', is: [true] },
    ],
    why: 'node ports are served in the place of kube-proxy only',
    instead: 'set kubeProxyReplacement: true, or leave node ports to kube-proxy and remove nodePort.enabled',
  },
  {
    when: [
      { key: 'tunnel', is: ['vxlan'] },
      { key: 'routingMode', is: ['native'] },
    ],
    why: 'two answers to how nodes reach the pods of each other',
    instead: 'remove tunnel, the older word',
  },
  {
    when: [
      { key: 'tunnel', is: ['disabled'] },
      { key: 'routingMode', is: ['tunnel'] },
    ],
    why: 'two answers to how nodes reach the pods of each other',
    instead: 'remove tunnel, the older word',
  },
  {
    when: [
      { key: 'image.useDigest', is: [true] },
      { key: 'image.digest', isSet: false },
    ],
    why: 'there is no digest to use',
    instead: 'set image.digest: sha256:..., or remove image.useDigest',
  },
  {
    when: [
      { key: 'operator.setNodeTaints', is: [true] },
      { key: 'operator.removeNodeTaints', is: [false] },
    ],
    why: 'nodes would be tainted and never be freed',
    instead: 'remove operator.removeNodeTaints, or set operator.setNodeTaints: false',
  },
  {
    when: [
      { key: 'operator.podDisruptionBudget.minAvailable', isSet: true },
      { key: 'operator.podDisruptionBudget.maxUnavailable', isSet: true },
    ],
    why: 'the API server takes one of them',
    instead: 'set the other to null',
  },
  {
    when: [
      {
        key: 'l2announcements.leaseDuration',
        fallback: '15s',
        notLongerThan: 'l2announcements.leaseRenewDeadline',
        otherFallback: '5s',
      },
    ],
    why: 'a Lease would end before it is renewed',
    instead: 'make leaseDuration longer than leaseRenewDeadline: 15s and 5s are usual',
  },
  {
    when: [
      {
        key: 'l2announcements.leaseRenewDeadline',
        fallback: '5s',
        notLongerThan: 'l2announcements.leaseRetryPeriod',
        otherFallback: '2s',
      },
    ],
    why: 'there would be no time for a second try',
    instead: 'make leaseRenewDeadline longer than leaseRetryPeriod: 5s and 2s are usual',
  },
  {
    when: [{ key: 'healthPort', fallback: 9879, sameAs: 'operator.healthPort', otherFallback: 9880 }],
    why: 'agent and operator are on the network of the node, and one port there cannot be had by both',
    instead: 'give them two ports: 9879 and 9880 are the defaults',
  },
  {
    when: [{ key: 'MTU', from: 1, to: 1279 }],
    why: 'IPv6 needs links of 1280 octets at least',
    instead: 'set MTU: 1280 or more, or 0 for that of the devices',
  },
]

/** The keys of a contradiction, each once. */
export function keysOf({ when }: Contradiction): readonly string[] {
  return [
    ...new Set(
      when.flatMap((condition) => {
        if ('notLongerThan' in condition) return [condition.key, condition.notLongerThan]
        return 'sameAs' in condition ? [condition.key, condition.sameAs] : [condition.key]
      }),
    ),
  ]
}

export function holds({ when }: Contradiction, valueAt: (key: string) => Json | undefined): boolean {
  return when.every((condition) => isTrue(condition, valueAt))
}

function isTrue(condition: Condition, valueAt: (key: string) => Json | undefined): boolean {
  const value = valueAt(condition.key)
  if ('isSet' in condition) return isSet(value) === condition.isSet
  if ('is' in condition) return condition.is.some((one) => one === value)
  if ('from' in condition) return typeof value === 'number' && value >= condition.from && value <= condition.to
  if ('isNot' in condition) return !condition.isNot.some((one) => one === value)
  if ('sameAs' in condition)
    return (value ?? condition.fallback) === (valueAt(condition.sameAs) ?? condition.otherFallback)
  const other = valueAt(condition.notLongerThan)
  return seconds(value, condition.fallback) <= seconds(other, condition.otherFallback)
}

const DURATION = /^(?:(?<hours>\d+)h)?(?:(?<minutes>\d+)m)?(?:(?<seconds>\d+)s)?$/

/** Of `1h30m15s`; a text that is none has been complained of already, and counts as the fallback. */
function seconds(value: Json | undefined, fallback: string): number {
  const text = typeof value === 'string' && value !== '' && DURATION.test(value) ? value : fallback
  const { hours = '0', minutes = '0', seconds: rest = '0' } = DURATION.exec(text)?.groups ?? {}
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
}
