import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BpfError, type BpfFailure } from '#io/bpf/bpf-error.ts'
import { loadRefusal } from './load-refusal.ts'

const refused = (errno: string): BpfFailure => ({
  code: 'LoadRefused',
  path: 'balise_lb.bpf.o',
  program: 'balise_ingress',
  errno,
  verifierLog: 'unknown func bpf_loop#181\n',
  messages: [],
})

const CASES: readonly (readonly [failure: BpfFailure, release: string, code: string, message: RegExp])[] = [
  [
    refused('EINVAL'),
    '5.10.0-28-amd64',
    'KernelTooOld',
    /^Kernel 5\.10\.0-28-amd64 of Node n1 is older than 5\.15, .*: update the node.*balise_ingress/,
  ],
  [refused('EINVAL'), '4.19.0', 'KernelTooOld', /older than 5\.15/],
  [
    refused('EINVAL'),
    '5.15.0',
    'ProgramsNotLoaded',
    /^The load balancer of Node n1 cannot start: .*balise_ingress.*kernel 5\.15\.0\. The log/,
  ],
  [
    refused('EPERM'),
    '6.18.0',
    'ProgramsNotLoaded',
    /capabilities BPF, PERFMON and NET_ADMIN \(securityContext\.capabilities\.ciliumAgent\)/,
  ],
  [
    { code: 'NotBpffs', path: '/sys/fs/bpf' },
    '6.18.0',
    'ProgramsNotLoaded',
    /\/sys\/fs\/bpf is not on a BPF file system.*Set bpf\.root/,
  ],
  [
    { code: 'MechanismMissing', mechanism: 'tcx' },
    '5.15.0',
    'ProgramsNotLoaded',
    /no tcx.*Set BALISE_TC_MECHANISM to auto/,
  ],
  [refused('EINVAL'), 'who knows', 'ProgramsNotLoaded', /kernel who knows/],
]

for (const [failure, release, code, message] of CASES) {
  test(`loadRefusal() of ${failure.code} on kernel ${release} is ${code}, in one line`, () => {
    const refusal = loadRefusal(new BpfError(failure), 'n1', release)
    assert.deepEqual([refusal.severity, refusal.code], ['error', code])
    assert.match(refusal.message, message)
    assert.doesNotMatch(refusal.message, /\n/)
  })
}

test('loadRefusal() throws on what is no failure of BPF', () => {
  assert.throws(() => loadRefusal(new TypeError('a bug'), 'n1', '6.18.0'), /a bug/)
})
