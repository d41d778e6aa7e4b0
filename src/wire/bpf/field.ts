import type { Field } from './struct-layout.ts'

/** Shorthands for tables of fields. */
export const u8 = (offset: number): Field => ({ kind: 'u8', offset, lengthOctets: 1 })
export const u16 = (offset: number): Field => ({ kind: 'u16', offset, lengthOctets: 2 })
export const u32 = (offset: number): Field => ({ kind: 'u32', offset, lengthOctets: 4 })
export const u64 = (offset: number): Field => ({ kind: 'u64', offset, lengthOctets: 8 })
export const be16 = (offset: number): Field => ({ kind: 'be16', offset, lengthOctets: 2 })
export const be32 = (offset: number): Field => ({ kind: 'be32', offset, lengthOctets: 4 })
export const octets = (offset: number, lengthOctets: number): Field => ({ kind: 'octets', offset, lengthOctets })
