/** One way for a packet from the client to the backend. Its node bears its name. */
export interface Contender {
  readonly name: 'routing' | 'balise' | 'nftables' | 'iptables'
  readonly label: string
  /** What runs on the node; undefined: plain routing, to the backend's own address. */
  readonly program: 'balise' | 'kube-proxy' | undefined
}

export const ROUTING: Contender = { name: 'routing', label: 'plain routing (no NAT)', program: undefined }
export const BALISE: Contender = { name: 'balise', label: 'Balise, tc', program: 'balise' }
export const NFTABLES: Contender = { name: 'nftables', label: 'kube-proxy, nftables mode', program: 'kube-proxy' }
export const IPTABLES: Contender = { name: 'iptables', label: 'kube-proxy, iptables mode', program: 'kube-proxy' }

export const CONTENDERS: readonly Contender[] = [BALISE, ROUTING, NFTABLES, IPTABLES]
