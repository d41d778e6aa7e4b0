import type { AgentSettings } from './config.ts'

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
    'node-port-range': `${settings.nodePorts.min},${settings.nodePorts.max}`,
  }
}
