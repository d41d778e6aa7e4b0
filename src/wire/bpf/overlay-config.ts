import type { Ip } from '#model/ip.ts'
import { ok, type Result } from '#model/result.ts'
import { readOptionalIp, writeOptionalIp } from './address.ts'
import { be32, octets, u32 } from './field.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** The one element of map `overlay_config`: this node's end of the overlay. Its key is `AGENT_CONFIG_KEY`, as of every array of one. */
export interface OverlayConfig {
  /** Of the overlay's device; 0: there is none. */
  readonly ifindex: number
  /** VNI (RFC 7348), 24 bits. */
  readonly networkId: number
  /**
   * Source of SNAT towards backends behind the overlay: this node's own address in its prefix of pods, so that their replies come back
   * through it.
   */
  readonly address4: Ip | undefined
  readonly address6: Ip | undefined
  /** Source of the packets between the nodes; where it is undefined the kernel chooses. */
  readonly nodeAddress4: Ip | undefined
  readonly nodeAddress6: Ip | undefined
}

export const OVERLAY_CONFIG_LAYOUT = {
  struct: 'overlay_config',
  lengthOctets: 48,
  fields: {
    ifindex: u32(0),
    network_id: u32(4),
    address4: be32(8),
    address6: octets(12, 16),
    node_address4: be32(28),
    node_address6: octets(32, 16),
  },
}

/** Throws for an address of the other family: our own mistake. */
export function encodeOverlayConfig(config: OverlayConfig): Uint8Array {
  const view = newStruct(OVERLAY_CONFIG_LAYOUT)
  const { fields } = OVERLAY_CONFIG_LAYOUT
  for (const name of ['address4', 'nodeAddress4'] as const)
    if (config[name]?.family === 'IPv6') throw new Error(`${name} is an IPv6 address`)
  for (const name of ['address6', 'nodeAddress6'] as const)
    if (config[name]?.family === 'IPv4') throw new Error(`${name} is an IPv4 address`)
  writeUint(view, fields.ifindex, config.ifindex)
  writeUint(view, fields.network_id, config.networkId)
  writeOptionalIp(view, fields.address4, config.address4)
  writeOptionalIp(view, fields.address6, config.address6)
  writeOptionalIp(view, fields.node_address4, config.nodeAddress4)
  writeOptionalIp(view, fields.node_address6, config.nodeAddress6)
  return structBytes(view)
}

export function decodeOverlayConfig(bytes: Uint8Array): Result<OverlayConfig, StructDefect> {
  const view = viewStruct(bytes, OVERLAY_CONFIG_LAYOUT)
  if (!view.ok) return view
  const { fields } = OVERLAY_CONFIG_LAYOUT
  return ok({
    ifindex: readUint(view.value, fields.ifindex),
    networkId: readUint(view.value, fields.network_id),
    address4: readOptionalIp(view.value, fields.address4, 'IPv4'),
    address6: readOptionalIp(view.value, fields.address6, 'IPv6'),
    nodeAddress4: readOptionalIp(view.value, fields.node_address4, 'IPv4'),
    nodeAddress6: readOptionalIp(view.value, fields.node_address6, 'IPv6'),
  })
}
