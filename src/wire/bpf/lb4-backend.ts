import type { Ip } from '#model/ip.ts'
import { err, ok, type Result } from '#model/result.ts'
import type { L4Protocol } from '#model/service.ts'
import { readIpv4, readOptionalIp, writeIpv4, writeOptionalIp } from './address.ts'
import { BACKEND_FLAGS } from './consts.ts'
import { be16, be32, u8, u16, u32 } from './field.ts'
import { IPPROTO, protocolOfNumber } from './protocol.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Value of map `lb4_backends`. Its key is the backend id. */
export interface Lb4Backend {
  readonly address: Ip
  readonly port: number
  readonly protocol: L4Protocol
  readonly state: BackendState
  /** Of the node that it runs on; undefined when unknown. */
  readonly nodeAddress: Ip | undefined
  /** Runs on this node. */
  readonly local: boolean
  /** 0 when unknown. */
  readonly zone: number
  /** 1..65535; 100 is the default. */
  readonly weight: number
}

/** In the order of enum backend_state. */
const STATES = ['active', 'terminating', 'quarantined', 'maintenance'] as const
export type BackendState = (typeof STATES)[number]

export const LB4_BACKEND_LAYOUT = {
  struct: 'lb4_backend',
  lengthOctets: 16,
  fields: {
    address: be32(0),
    port: be16(4),
    proto: u8(6),
    state: u8(7),
    node_address: be32(8),
    flags: u8(12),
    zone: u8(13),
    weight: u16(14),
  },
}

export const BACKEND_ID_LENGTH = 4
const BACKEND_ID_LAYOUT = { struct: 'backend_id', lengthOctets: BACKEND_ID_LENGTH, fields: { id: u32(0) } }

/** Key of map `lb4_backends`: a u32, never 0. */
export function encodeBackendId(id: number): Uint8Array {
  const view = newStruct(BACKEND_ID_LAYOUT)
  writeUint(view, BACKEND_ID_LAYOUT.fields.id, id)
  return structBytes(view)
}

export function decodeBackendId(bytes: Uint8Array): Result<number, StructDefect> {
  const view = viewStruct(bytes, BACKEND_ID_LAYOUT)
  return view.ok ? ok(readUint(view.value, BACKEND_ID_LAYOUT.fields.id)) : view
}

export function encodeLb4Backend(backend: Lb4Backend): Uint8Array {
  if (backend.nodeAddress?.family === 'IPv6') throw new Error('An IPv6 node address does not fit in an IPv4 backend')
  const view = newStruct(LB4_BACKEND_LAYOUT)
  const { fields } = LB4_BACKEND_LAYOUT
  writeIpv4(view, fields.address, backend.address)
  writeUint(view, fields.port, backend.port)
  writeUint(view, fields.proto, IPPROTO[backend.protocol])
  writeUint(view, fields.state, STATES.indexOf(backend.state))
  writeOptionalIp(view, fields.node_address, backend.nodeAddress)
  writeUint(view, fields.flags, backend.local ? BACKEND_FLAGS.BACKEND_LOCAL : 0)
  writeUint(view, fields.zone, backend.zone)
  writeUint(view, fields.weight, backend.weight)
  return structBytes(view)
}

export function decodeLb4Backend(bytes: Uint8Array): Result<Lb4Backend, StructDefect> {
  const view = viewStruct(bytes, LB4_BACKEND_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = LB4_BACKEND_LAYOUT
  const proto = readUint(view.value, fields.proto)
  const protocol = protocolOfNumber(proto)
  if (protocol === undefined) return err({ code: 'UnknownValue', struct, field: 'proto', value: proto })
  const stateNumber = readUint(view.value, fields.state)
  const state = STATES[stateNumber]
  if (state === undefined) return err({ code: 'UnknownValue', struct, field: 'state', value: stateNumber })
  return ok({
    address: readIpv4(view.value, fields.address),
    port: readUint(view.value, fields.port),
    protocol,
    state,
    nodeAddress: readOptionalIp(view.value, fields.node_address, 'IPv4'),
    local: (readUint(view.value, fields.flags) & BACKEND_FLAGS.BACKEND_LOCAL) !== 0,
    zone: readUint(view.value, fields.zone),
    weight: readUint(view.value, fields.weight),
  })
}
