/** One way for a packet from the client to the backend. Its host bears its name. */
export interface Contender {
  readonly name: 'backend' | 'routing' | 'balise' | 'nftables' | 'iptables'
  readonly label: string
  /** What the packet meets: `none`: no node at all; `routing`: the kernel's, to the backend's own address. */
  readonly program: 'none' | 'routing' | 'balise' | 'kube-proxy'
}

/** The generator and the LAN alone: what every other figure contains. */
export const DIRECT: Contender = { name: 'backend', label: 'no node between (baseline)', program: 'none' }
export const ROUTING: Contender = { name: 'routing', label: 'plain routing, no NAT', program: 'routing' }
export const BALISE: Contender = { name: 'balise', label: 'Balise, tc', program: 'balise' }
export const NFTABLES: Contender = { name: 'nftables', label: 'kube-proxy, nftables mode', program: 'kube-proxy' }
export const IPTABLES: Contender = { name: 'iptables', label: 'kube-proxy, iptables mode', program: 'kube-proxy' }

export const CONTENDERS: readonly Contender[] = [BALISE, DIRECT, ROUTING, NFTABLES, IPTABLES]

/** Whether the client speaks to a load balancer address, which somebody translates. */
export function isTranslated(program: Contender['program']): boolean {
  return program === 'balise' || program === 'kube-proxy'
}
