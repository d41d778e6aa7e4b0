import type { Device } from '#model/device.ts'

/** Names of devices that other CNIs make on the host: flannel, bridge, Cilium, Calico, Weave, kube-router, Antrea, OVN-Kubernetes, Kube-OVN. */
const FOREIGN =
  /^(flannel[.-]|cni\d|cilium_|cali[0-9a-f]{11}$|vxlan(-v6)?\.calico$|weave$|kube-bridge$|antrea-gw|ovn-k8s-mp|ovn0$)/

/**
 * Devices by which another network of pods is known whose configuration lies elsewhere: k3s has a folder of its own for its flannel. By name; what
 * a CNI that was removed has left counts as well.
 */
export function foreignDevices(devices: readonly Device[]): readonly string[] {
  return devices
    .map(({ name }) => name)
    .filter((name) => FOREIGN.test(name))
    .sort()
}
