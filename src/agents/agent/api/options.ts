import type { Family } from '#model/ip.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { AgentSettings } from '#agents/agent/config.ts'

/** The settings under the names of Cilium's options, for `debuginfo` and for tools that read it. What is not there says false. */
export function ciliumOptions(settings: AgentSettings): Readonly<Record<string, string>> {
  const seconds = settings.leaseDurationSeconds
  return {
    'bpf-lb-algorithm': 'random',
    'bpf-lb-mode': 'snat',
    'bpf-lb-sock': 'true',
    'bpf-root': settings.bpfFs,
    'cgroup-root': settings.cgroupRoot,
    devices: settings.devices.join(' '),
    'enable-bgp-control-plane': 'false',
    'enable-ipv4': 'true',
    'enable-ipv6': 'false',
    'enable-l2-announcements': String(settings.l2Enabled),
    // forwarding asks the kernel's neighbour table, which the kernel keeps: it cannot be switched off
    'enable-l2-neigh-discovery': 'true',
    'enable-l2-pod-announcements': 'false',
    // health check node ports are served with the replacement, as node ports are; without it they are kube-proxy's
    'enable-health-check-nodeport': String(settings.kubeProxyReplacement),
    'enable-session-affinity': 'false',
    'kube-proxy-replacement': String(settings.kubeProxyReplacement),
    'l2-announcements-lease-duration': `${seconds}s`,
    'l2-announcements-renew-deadline': `${seconds}s`,
    'l2-announcements-retry-period': `${seconds / 5}s`,
    'node-name': settings.nodeName,
    'node-port-bind-protection': 'false',
    ...podNetworkOptions(settings),
    'node-port-range': `${settings.nodePorts.min},${settings.nodePorts.max}`,
  }
}

/** What was set; what came of it is in the status. */
function podNetworkOptions(settings: AgentSettings): Readonly<Record<string, string>> {
  const nativeCidr = (family: Family): string =>
    settings.nativeRoutingCidrs
      .filter(({ address }) => address.family === family)
      .map(formatPrefix)
      .join(' ')
  return {
    'cni-chaining-mode': settings.cniMode === 'chained' ? 'generic-veth' : 'none',
    'cni-chaining-target': settings.cniChainingTarget,
    'cni-exclusive': String(settings.cniExclusive),
    'enable-ipv4-masquerade': String(settings.masqueradeIpv4),
    'enable-ipv6-masquerade': String(settings.masqueradeIpv6),
    ipam: 'kubernetes',
    'ipv4-native-routing-cidr': nativeCidr('IPv4'),
    'ipv6-native-routing-cidr': nativeCidr('IPv6'),
    mtu: String(settings.mtuBytes),
    'routing-mode': settings.routingMode,
    'tunnel-port': String(settings.tunnelPort),
    'tunnel-protocol': 'vxlan',
  }
}
