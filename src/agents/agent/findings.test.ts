import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { LEASES, SERVICES } from '#ports/kube-resources.ts'
import type { Failure } from '#runtime/failure.ts'
import { type Facts, findingsOf } from './findings.ts'
import type { Finding } from './problems.ts'

const VIP = '192.168.10.75'
const NOW_MS = 100_000
const LAN = [{ addresses: [{ address: mustParseIp('192.168.10.215'), prefixLengthBits: 24 }] }]

/** Of an agent with which all is well. */
function facts(over: Partial<Facts> = {}): Facts {
  return {
    namespace: 'kube-system',
    informers: [[SERVICES, { synced: true, lastFailure: undefined }]],
    mistakes: [],
    lease: { name: 'balise-node-n1', failure: undefined, stale: false },
    datapath: { failures: [], failed: new Map(), held: 0 },
    devices: { chosen: LAN, existing: ['lo', 'eth0'], patterns: [] },
    attachFailures: new Map(),
    cgroupFailure: undefined,
    l2: { announcements: new Map(), entries: [], refused: new Map(), elections: new Map() },
    podNetwork: [],
    node: node(['192.168.10.215'], ['10.244.1.0/24']),
    monotonicMs: NOW_MS,
    ...over,
  }
}

function node(internalIps: readonly string[], podCidrs: readonly string[]): NonNullable<Facts['node']> {
  return { internalIps: internalIps.map(mustParseIp), podCidrs: podCidrs.map(mustParsePrefix) }
}

function failure(code: string, message = 'connect ECONNREFUSED'): Failure {
  return { code, message, retryAfterMs: undefined }
}

const watch = (code: string, synced: boolean): Partial<Facts> => ({
  informers: [[SERVICES, { synced, lastFailure: failure(code) }]],
})
const lease = (code: string, stale: boolean): Partial<Facts> => ({
  lease: { name: 'balise-node-n1', failure: failure(code), stale },
})
const devices = (chosen: Facts['devices']['chosen'], ...patterns: readonly string[]): Partial<Facts> => ({
  devices: { chosen, existing: ['lo', 'eth0'], patterns },
})
const l2 = (over: Partial<Facts['l2']>): Partial<Facts> => ({ l2: { ...facts().l2, ...over } })
const datapath = (over: Partial<Facts['datapath']>): Partial<Facts> => ({ datapath: { ...facts().datapath, ...over } })
const claimed = (agoMs: number): Partial<Facts> => {
  const conflictNs = BigInt(NOW_MS - agoMs) * 1_000_000n
  const entry = { replies: 0n, conflictNs, conflictMac: '02:00:00:00:00:99', mac: '02:00:00:00:02:15' } as const
  return l2({ entries: [{ address: mustParseIp(VIP), text: VIP, ifindex: 2, entry }] })
}
const yielded = l2({
  announcements: new Map([[VIP, { address: mustParseIp(VIP), state: { kind: 'Yielded', atMs: 1 }, sinceMs: 0 }]]),
})
const election = (owner: string | undefined): Partial<Facts> =>
  l2({ elections: new Map([[VIP, { owner, decision: owner === undefined ? 'none' : 'holding' }]]) })

/** What is wrong, how much, what it is called, and what of its message must be there: the object, the value, the remedy. */
const WRONG: readonly (readonly [
  over: Partial<Facts>,
  severity: Finding['severity'],
  code: string,
  ...said: readonly RegExp[],
])[] = [
  [watch('Forbidden', true), 'error', 'WatchForbidden', /services/, /add to its ClusterRole the rule/],
  [watch('Unreachable', true), 'warning', 'WatchFailed', /services/, /ECONNREFUSED/, /k8sServiceHost/],
  [watch('Unreachable', false), 'error', 'WatchFailed', /services/],
  [
    { informers: [[LEASES, { synced: false, lastFailure: failure('Forbidden') }]] },
    'error',
    'WatchForbidden',
    /leases\.coordination\.k8s\.io/,
    /Role in namespace kube-system/,
  ],
  [
    { mistakes: [{ text: 'Node n2: spec.podCIDR "x" is not a CIDR: write one' }] },
    'warning',
    'ObjectMistakes',
    /^Node n2: spec\.podCIDR "x" is not a CIDR: write one; until then this is left out$/,
  ],
  [lease('Forbidden', false), 'error', 'LeaseForbidden', /kube-system\/balise-node-n1/, /add to its Role/],
  [lease('Unreachable', false), 'warning', 'LeaseNotRenewed', /kube-system\/balise-node-n1/, /k8sServiceHost/],
  [lease('Unreachable', true), 'error', 'LeaseNotRenewed', /ECONNREFUSED/],
  [
    { attachFailures: new Map([['eth0', 'EBUSY']]) },
    'error',
    'AttachFailed',
    /eth0: EBUSY/,
    /balise debuginfo/,
    /holds the hook/,
  ],
  [{ cgroupFailure: 'ENOENT' }, 'error', 'CgroupFailed', /ENOENT/, /BALISE_CGROUP_ROOT/],
  [devices([]), 'error', 'NoDevice', /no device has a global IPv4 address/i, /there are lo, eth0/],
  [devices([], 'bond+'), 'error', 'NoDevice', /BALISE_DEVICES bond\+ matches no device/, /there are lo, eth0/],
  [{ node: undefined }, 'error', 'NoNodeAddress', /--node-ip/],
  [{ node: node([], []) }, 'error', 'NoNodeAddress', /--node-ip/],
  [{ node: node(['fd00::1'], []) }, 'error', 'NoNodeAddress', /--node-ip/],
  [{ node: node(['fd00::1'], ['10.244.1.0/24', 'fd00:1::/64']) }, 'error', 'NoNodeAddress', /--node-ip/],
  [
    datapath({ failures: ['put backend 7: E2BIG'] }),
    'error',
    'MapWriteFailed',
    /put backend 7: E2BIG/,
    /balise status --verbose/,
  ],
  [
    datapath({ failed: new Map([[`${VIP}:80/TCP`, 'E2BIG']]) }),
    'error',
    'NotRealized',
    /^1 frontends .*192\.168\.10\.75:80\/TCP; 'balise service list'/,
  ],
  [datapath({ held: 2 }), 'warning', 'BackendsHeld', /^2 frontends/, /while nodes report/],
  [yielded, 'warning', 'Yielded', /192\.168\.10\.75/, /balise l2 list/],
  [claimed(59_000), 'warning', 'AddressConflict', /192\.168\.10\.75 .*02:00:00:00:00:99/, /out of the pool/],
  [
    l2({ refused: new Map([[VIP, 'E2BIG']]) }),
    'error',
    'ResponderWriteFailed',
    /192\.168\.10\.75 .*E2BIG/,
    /balise status --verbose/,
  ],
  [election(undefined), 'warning', 'Unowned', /192\.168\.10\.75/, /balise l2 list/],
  [{ podNetwork: [{ severity: 'error', code: 'NoPodCidr', message: 'none' }] }, 'error', 'NoPodCidr', /none/],
]

for (const [over, severity, code, ...said] of WRONG) {
  const message = said.map(({ source }) => source).join(' ... ')
  test(`findingsOf() says ${code} as ${severity}: ${message}`, () => {
    const found = findingsOf(facts(over))
    assert.deepEqual(
      found.map((one) => [one.severity, one.code]),
      [[severity, code]],
    )
    for (const part of said) assert.match(found[0]?.message ?? '', part)
  })
}

test('findingsOf() names five objects with mistakes, and the number of the others', () => {
  const mistakes = Array.from({ length: 7 }, (_, index) => ({
    text: `Node n${index}: spec is not an object: write fields here`,
  }))
  const found = findingsOf(facts({ mistakes }))
  assert.equal(found.length, 6)
  assert.match(found.at(-1)?.message ?? '', /^2 further objects have mistakes/)
})

const WELL: readonly (readonly [what: string, over: Partial<Facts>])[] = [
  ['all that is there', {}],
  ['an address that another node owns', election('n2')],
  ['a claim of another station of more than a minute ago', claimed(61_000)],
  ['a device that was named', devices(LAN, 'eth0')],
  ['a node of IPv6 alone', { node: node(['fd00::1'], ['fd00:1::/64']), ...devices([]) }],
  ['a node of IPv6 alone whose LAN has IPv4', { node: node(['fd00::1'], ['fd00:1::/64']) }],
  ['a node of IPv6 alone with podCIDRs of somebody else', { node: node(['fd00::1'], []), ...devices([]) }],
  [
    'a node that is not known yet',
    { node: undefined, ...devices([]), informers: [[SERVICES, { synced: false, lastFailure: undefined }]] },
  ],
]

for (const [what, over] of WELL)
  test(`findingsOf() has nothing to say of ${what}`, () => assert.deepEqual(findingsOf(facts(over)), []))

test('every code is tried here, and is in the table of docs/troubleshooting.md', () => {
  const root = join(import.meta.dirname, '../../..')
  const codesIn = (file: string, pattern: RegExp): readonly string[] =>
    [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].flatMap(([, first]) => first ?? [])
  const codes = new Set(codesIn('src/agents/agent/findings.ts', /'((?:[A-Z][a-z]+){2,}|Yielded|Unowned)'/g))
  const own = ['WatchForbidden', 'NoNodeAddress', 'Yielded', 'AttachFailed']
  assert.ok(codes.size > 14 && own.every((code) => codes.has(code)), [...codes].join())
  const tried = new Set(WRONG.map(([, , code]) => code))
  const told = new Set(codesIn('docs/troubleshooting.md', /`((?:[A-Z][a-z]+)+)`/g))
  for (const code of codes) assert.ok(tried.has(code) && told.has(code), code)
})
