import { createHash } from 'node:crypto'

/** The machine-wide name of a host's network namespace. */
export function netnsName(lab: string, host: string): string {
  return `bl-${lab}-${host}`
}

/** Where iproute2 keeps the handle of a host's network namespace. */
export function netnsPath(lab: string, host: string): string {
  return `/run/netns/${netnsName(lab, host)}`
}

/** The folder of a host below each cgroup hierarchy's root. */
export function cgroupName(lab: string, ...parts: readonly string[]): string {
  return ['balise-lab', lab, ...parts].join('/')
}

/** The same lab and host always have the same address, so that a node that comes back after a crash is the same station to its neighbours. */
export function macOf(lab: string, host: string): string {
  const digest = createHash('sha256').update(`${lab}/${host}`).digest()
  return ['02', 'ba', ...[...digest.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, '0'))].join(':')
}

/** The namespace of the switch. */
export const SWITCH = 'switch'

/** The bridge in the switch for a LAN, counted from 0. */
export function bridgeName(lan: number): string {
  return `br${lan}`
}
