import type { Ip } from '#model/ip.ts'
import { ok, type Result } from '#model/result.ts'
import { readOptionalIp, writeOptionalIp } from './address.ts'
import { be32, octets, u16, u32, u64 } from './field.ts'
import {
  newStruct,
  readUint,
  readUint64,
  type StructDefect,
  structBytes,
  viewStruct,
  writeUint,
  writeUint64,
} from './struct-layout.ts'

/** The one element of map `agent_config`: knobs that change while the programs run. */
export interface AgentConfig {
  /** CLOCK_MONOTONIC when the agent last said that it lives; 0: never. */
  readonly agentStampNs: bigint
  /** The L2 responder is silent when the stamp is older; 0: it never is. */
  readonly fenceNs: bigint
  /** Source of SNAT: the node's InternalIP. Without it nothing is forwarded to backends on other nodes. */
  readonly nodeAddress4: Ip | undefined
  readonly nodeAddress6: Ip | undefined
  /** Source ports that SNAT may take, both included. */
  readonly snatPortMin: number
  readonly snatPortMax: number
}

export const AGENT_CONFIG_LAYOUT = {
  struct: 'agent_config',
  lengthOctets: 40,
  fields: {
    agent_stamp_ns: u64(0),
    fence_ns: u64(8),
    node_address4: be32(16),
    node_address6: octets(20, 16),
    snat_port_min: u16(36),
    snat_port_max: u16(38),
  },
}

const INDEX_LAYOUT = { struct: 'index', lengthOctets: 4, fields: { index: u32(0) } }

/** Key of an array map (`agent_config`, `drops`, `counters`). */
export function encodeArrayIndex(index: number): Uint8Array {
  const view = newStruct(INDEX_LAYOUT)
  writeUint(view, INDEX_LAYOUT.fields.index, index)
  return structBytes(view)
}

/** The only key of map `agent_config`. */
export const AGENT_CONFIG_KEY: Uint8Array = encodeArrayIndex(0)

export function encodeAgentConfig(config: AgentConfig): Uint8Array {
  if (config.nodeAddress4?.family === 'IPv6') throw new Error('nodeAddress4 is an IPv6 address')
  if (config.nodeAddress6?.family === 'IPv4') throw new Error('nodeAddress6 is an IPv4 address')
  const view = newStruct(AGENT_CONFIG_LAYOUT)
  const { fields } = AGENT_CONFIG_LAYOUT
  writeUint64(view, fields.agent_stamp_ns, config.agentStampNs)
  writeUint64(view, fields.fence_ns, config.fenceNs)
  writeOptionalIp(view, fields.node_address4, config.nodeAddress4)
  writeOptionalIp(view, fields.node_address6, config.nodeAddress6)
  writeUint(view, fields.snat_port_min, config.snatPortMin)
  writeUint(view, fields.snat_port_max, config.snatPortMax)
  return structBytes(view)
}

export function decodeAgentConfig(bytes: Uint8Array): Result<AgentConfig, StructDefect> {
  const view = viewStruct(bytes, AGENT_CONFIG_LAYOUT)
  if (!view.ok) return view
  const { fields } = AGENT_CONFIG_LAYOUT
  return ok({
    agentStampNs: readUint64(view.value, fields.agent_stamp_ns),
    fenceNs: readUint64(view.value, fields.fence_ns),
    nodeAddress4: readOptionalIp(view.value, fields.node_address4, 'IPv4'),
    nodeAddress6: readOptionalIp(view.value, fields.node_address6, 'IPv6'),
    snatPortMin: readUint(view.value, fields.snat_port_min),
    snatPortMax: readUint(view.value, fields.snat_port_max),
  })
}
