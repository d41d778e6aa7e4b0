import { encodeBackendId, encodeLb4Backend, type Lb4Backend } from '#wire/bpf/lb4-backend.ts'
import { encodeLb4Key } from '#wire/bpf/lb4-key.ts'
import { encodeFrontendId, encodeLb4ReverseNat, type Lb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import { encodeLbService, type LbService } from '#wire/bpf/lb-service.ts'
import { type FrontendAddress, formatFrontendKey } from './frontend.ts'

/** One operation on the maps. */
export type Op =
  | { readonly kind: 'putBackend'; readonly id: number; readonly backend: Lb4Backend }
  | { readonly kind: 'putSlot'; readonly where: FrontendAddress; readonly slot: number; readonly value: LbService }
  | {
      readonly kind: 'putReverseNat'
      /** The frontend whose reverse NAT it is. */
      readonly where: FrontendAddress
      readonly frontendId: number
      readonly entry: Lb4ReverseNat
    }
  | { readonly kind: 'putHead'; readonly where: FrontendAddress; readonly value: LbService }
  | { readonly kind: 'deleteHead'; readonly where: FrontendAddress }
  | { readonly kind: 'deleteSlot'; readonly where: FrontendAddress; readonly slot: number }
  | { readonly kind: 'deleteReverseNat'; readonly frontendId: number }
  | { readonly kind: 'deleteBackend'; readonly id: number }

export const LB_MAPS = ['lb4_backends', 'lb4_reverse_nat', 'lb4_services'] as const
export type LbMapName = (typeof LB_MAPS)[number]

/** An operation in octets; `value` is undefined for a deletion. */
export interface EncodedOp {
  readonly map: LbMapName
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export function encodeOp(op: Op): EncodedOp {
  switch (op.kind) {
    case 'putBackend':
      return { map: 'lb4_backends', key: encodeBackendId(op.id), value: encodeLb4Backend(op.backend) }
    case 'deleteBackend':
      return { map: 'lb4_backends', key: encodeBackendId(op.id), value: undefined }
    case 'putReverseNat':
      return { map: 'lb4_reverse_nat', key: encodeFrontendId(op.frontendId), value: encodeLb4ReverseNat(op.entry) }
    case 'deleteReverseNat':
      return { map: 'lb4_reverse_nat', key: encodeFrontendId(op.frontendId), value: undefined }
    case 'putSlot':
      return {
        map: 'lb4_services',
        key: encodeLb4Key({ ...op.where, slot: op.slot }),
        value: encodeLbService(op.value),
      }
    case 'deleteSlot':
      return { map: 'lb4_services', key: encodeLb4Key({ ...op.where, slot: op.slot }), value: undefined }
    case 'putHead':
      return { map: 'lb4_services', key: encodeLb4Key({ ...op.where, slot: 0 }), value: encodeLbService(op.value) }
    case 'deleteHead':
      return { map: 'lb4_services', key: encodeLb4Key({ ...op.where, slot: 0 }), value: undefined }
  }
}

/** `put head of 192.168.10.75:80/TCP`: for the audit's report and for errors. */
export function formatOp(op: Op): string {
  switch (op.kind) {
    case 'putBackend':
      return `put backend ${op.id}`
    case 'deleteBackend':
      return `delete backend ${op.id}`
    case 'putReverseNat':
      return `put reverse NAT of frontend ${op.frontendId}`
    case 'deleteReverseNat':
      return `delete reverse NAT of frontend ${op.frontendId}`
    case 'putSlot':
      return `put slot ${op.slot} of ${formatFrontendKey(op.where)}`
    case 'deleteSlot':
      return `delete slot ${op.slot} of ${formatFrontendKey(op.where)}`
    case 'putHead':
      return `put head of ${formatFrontendKey(op.where)}`
    case 'deleteHead':
      return `delete head of ${formatFrontendKey(op.where)}`
  }
}
