import type { Device } from '#model/device.ts'
import { OVERLAY_DEVICE, POD_DEVICE_PREFIX } from '#model/node-network.ts'
import { compileInterfacePattern } from '#model/interface-pattern.ts'

/** Kinds that a CNI makes for pods and between nodes: what a client on the LAN sends never comes in there. */
const CNI_KINDS: readonly string[] = [
  'veth',
  'vxlan',
  'geneve',
  'ipip',
  'tun',
  'wireguard',
  'dummy',
  'ifb',
  'netkit',
  'gre',
  'sit',
]

/** Names of the bridges that CNIs and container runtimes make. */
const CNI_BRIDGES = /^(cni|cbr|docker|br-|virbr|podman|kube-|flannel|weave|lxc|cilium)/

/**
 * The devices on which the load balancer listens. With patterns: those that any of them matches, whatever they are but our own CNI's. Without: devices that
 * are up and have a global IPv4 address, apart from those that a CNI makes.
 *
 * A veth with a global address and no bridge above it stays: nodes that are containers or network namespaces have no other.
 */
export function lanDevices(devices: readonly Device[], patterns: readonly string[]): readonly Device[] {
  const compiled = patterns.flatMap((pattern) => {
    const result = compileInterfacePattern(pattern)
    return result.ok ? [result.value] : []
  })
  const chosen = devices.filter((device) => {
    if (device.loopback || device.mac === undefined || isOurs(device)) return false
    return patterns.length > 0 ? compiled.some((pattern) => pattern.test(device.name)) : isLan(device)
  })
  return chosen.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Made by our own CNI: not even a pattern means them. */
function isOurs({ name }: Device): boolean {
  return name === OVERLAY_DEVICE || name.startsWith(POD_DEVICE_PREFIX)
}

function isLan(device: Device): boolean {
  if (!device.up || device.masterIfindex !== 0 || !device.addresses.some(isGlobalIpv4)) return false
  if (device.kind === 'bridge') return !CNI_BRIDGES.test(device.name)
  return !CNI_KINDS.includes(device.kind) || isNodesOwnVeth(device)
}

/** A node's own end: its address lies in a network. The host's end of a pod has none, or a host route (/32). */
function isNodesOwnVeth(device: Device): boolean {
  return (
    device.kind === 'veth' &&
    device.addresses.some((entry) => isGlobalIpv4(entry) && entry.prefixLengthBits < 32) &&
    !/^(veth|cali|lxc|azv|eni|cni)/.test(device.name)
  )
}

function isGlobalIpv4({ address }: Device['addresses'][number]): boolean {
  if (address.family !== 'IPv4') return false
  const first = Number(address.value >> 24n)
  const second = Number((address.value >> 16n) & 255n)
  return first !== 127 && !(first === 169 && second === 254)
}
