import { BpfError } from '#io/bpf/bpf-error.ts'
import type { Finding } from '#agents/agent/problems.ts'

/** The oldest kernel that Balise works with: what its programs call is all there. */
const OLDEST_KERNEL = { major: 5, minor: 15 }

/**
 * Why the programs are not in the kernel, with the remedy. `release` is that of the running kernel: `5.10.0-28-amd64`. What is no failure of
 * BPF is thrown again: waiting does not help there.
 */
export function loadRefusal(error: unknown, node: string, release: string): Finding {
  if (!(error instanceof BpfError)) throw error
  const [sentence = ''] = error.message.split('\n')
  const because = `The load balancer of Node ${node} cannot start: ${sentence}`
  const refusal = (code: string, message: string): Finding => ({
    severity: 'error',
    component: 'datapath',
    code,
    message,
  })
  if (isTooOld(release)) {
    const oldest = `${OLDEST_KERNEL.major}.${OLDEST_KERNEL.minor}`
    return refusal(
      'KernelTooOld',
      `Kernel ${release} of Node ${node} is older than ${oldest}, the oldest that Balise works with: update the node, or keep Balise off it (nodeSelector). ${sentence}`,
    )
  }
  return refusal('ProgramsNotLoaded', `${because}; kernel ${release}. ${remedyFor(error)}`)
}

function isTooOld(release: string): boolean {
  const { major = '', minor = '' } = /^(?<major>\d+)\.(?<minor>\d+)/.exec(release)?.groups ?? {}
  if (major === '') return false
  return Number(major) !== OLDEST_KERNEL.major
    ? Number(major) < OLDEST_KERNEL.major
    : Number(minor) < OLDEST_KERNEL.minor
}

function remedyFor({ failure }: BpfError): string {
  if ('errno' in failure && (failure.errno === 'EPERM' || failure.errno === 'EACCES')) {
    return 'The agent needs capabilities BPF, PERFMON and NET_ADMIN (securityContext.capabilities.ciliumAgent), AppArmor and seccomp Unconfined (podSecurityContext), and SELinux type spc_t'
  }
  if (failure.code === 'MechanismMissing') return 'Set BALISE_TC_MECHANISM to auto'
  if (failure.code === 'NotBpffs') return 'Set bpf.root to where it is mounted'
  return 'The log of the agent has all that the kernel said'
}
