import { formatIp, type Ip } from '#model/ip.ts'

/** The "pod" that every Service has as its backend: an address of the backend host that nodes reach by a route, as a pod's. */
export const BACKEND_ADDRESS = '10.244.200.2'
export const BACKEND_ROUTE = '10.244.200.0/24'
/** All load balancer addresses; the client routes them to the node under test, so ARP is no part of the figures. */
export const VIP_ROUTE = '10.99.0.0/16'
/** Ports of the Service that is measured: packets per second, and first-packet latency. */
export const RATE_PORT = 81
export const LATENCY_PORT = 80
/** What the backend listens on. */
export const BACKEND_RATE_PORT = 7001
export const BACKEND_LATENCY_PORT = 7000

/** The address of the n-th Service, from 0 on. */
export function vipOf(index: number): string {
  const vip: Ip = { family: 'IPv4', value: (10n << 24n) + (99n << 16n) + 256n + BigInt(index) }
  return formatIp(vip)
}
