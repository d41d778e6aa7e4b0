import { err, ok, type Result } from '#model/result.ts'
import { LB_ALGORITHM } from './consts.ts'
import { octets, u8, u16, u32 } from './field.ts'
import { newStruct, readUint, type StructDefect, structBytes, viewStruct, writeUint } from './struct-layout.ts'

/** Value of maps `lb4_services` and, later, `lb6_services`. */
export interface LbService {
  /** In the head: session affinity timeout in seconds, 0 for none. In a slot: the backend id. */
  readonly backendOrAffinity: number
  /** Never 0. */
  readonly frontendId: number
  /** Live backends, in slots 1..count. */
  readonly count: number
  /** Drained or quarantined backends, in slots count+1..count+qcount. */
  readonly qcount: number
  /** Bits of `LB_FLAGS`. */
  readonly flags: number
  /** `none` in a slot. */
  readonly algorithm: LbAlgorithm
}

export type LbAlgorithm = 'none' | 'random' | 'maglev'

const ALGORITHM_NUMBERS: { readonly [A in LbAlgorithm]: number } = {
  none: 0,
  random: LB_ALGORITHM.LB_ALGORITHM_RANDOM,
  maglev: LB_ALGORITHM.LB_ALGORITHM_MAGLEV,
}
const ALGORITHMS: readonly LbAlgorithm[] = ['none', 'random', 'maglev']

export const LB_SERVICE_LAYOUT = {
  struct: 'lb_service',
  lengthOctets: 20,
  fields: {
    backend_or_affinity: u32(0),
    frontend_id: u32(4),
    count: u16(8),
    qcount: u16(10),
    flags: u32(12),
    algorithm: u8(16),
    pad: octets(17, 3),
  },
}

export function encodeLbService(service: LbService): Uint8Array {
  const view = newStruct(LB_SERVICE_LAYOUT)
  const { fields } = LB_SERVICE_LAYOUT
  writeUint(view, fields.backend_or_affinity, service.backendOrAffinity)
  writeUint(view, fields.frontend_id, service.frontendId)
  writeUint(view, fields.count, service.count)
  writeUint(view, fields.qcount, service.qcount)
  writeUint(view, fields.flags, service.flags)
  writeUint(view, fields.algorithm, ALGORITHM_NUMBERS[service.algorithm])
  return structBytes(view)
}

export function decodeLbService(bytes: Uint8Array): Result<LbService, StructDefect> {
  const view = viewStruct(bytes, LB_SERVICE_LAYOUT)
  if (!view.ok) return view
  const { struct, fields } = LB_SERVICE_LAYOUT
  const number = readUint(view.value, fields.algorithm)
  const algorithm = ALGORITHMS[number]
  if (algorithm === undefined) return err({ code: 'UnknownValue', struct, field: 'algorithm', value: number })
  return ok({
    backendOrAffinity: readUint(view.value, fields.backend_or_affinity),
    frontendId: readUint(view.value, fields.frontend_id),
    count: readUint(view.value, fields.count),
    qcount: readUint(view.value, fields.qcount),
    flags: readUint(view.value, fields.flags),
    algorithm,
  })
}
