import { err, ok, type Result } from '#model/result.ts'

/**
 * How a field lies in a struct of `bpf/include/structs.h`: `be16`, `be32`: network order; `u8` to `u64`: order of this machine;
 * `octets`: as they are.
 */
export type FieldKind = 'be16' | 'be32' | 'u8' | 'u16' | 'u32' | 'u64' | 'octets'

export interface Field {
  readonly kind: FieldKind
  readonly offset: number
  readonly lengthOctets: number
}

/** A C struct; `tools/check-bpf-layout.ts` compares it with the BTF of the compiled programs. */
export interface StructLayout<F extends string = string> {
  readonly struct: string
  readonly lengthOctets: number
  readonly fields: { readonly [K in F]: Field }
}

/** `field` is the name in C; `value` is what the kernel's side holds and this side does not know. */
export type StructDefect =
  | { readonly code: 'WrongLength'; readonly struct: string; readonly needed: number; readonly had: number }
  | { readonly code: 'UnknownValue'; readonly struct: string; readonly field: string; readonly value: number }

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** A view on exactly one struct. A map hands out whole structs, so any other length is a defect. */
export function viewStruct(bytes: Uint8Array, layout: StructLayout): Result<DataView, StructDefect> {
  if (bytes.length !== layout.lengthOctets) {
    return err({ code: 'WrongLength', struct: layout.struct, needed: layout.lengthOctets, had: bytes.length })
  }
  return ok(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

/** A view on a new, zeroed struct: what is not written is padding, and 0. */
export function newStruct(layout: StructLayout): DataView {
  return new DataView(new ArrayBuffer(layout.lengthOctets))
}

export function structBytes(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** A field of at most 32 bits. */
export function readUint(view: DataView, field: Field): number {
  switch (field.lengthOctets) {
    case 1:
      return view.getUint8(field.offset)
    case 2:
      return view.getUint16(field.offset, isLittleEndian(field))
    case 4:
      return view.getUint32(field.offset, isLittleEndian(field))
    default:
      throw new Error(`A field of ${field.lengthOctets} octets is not read as a number`)
  }
}

/** Throws when the number does not fit: our own mistake. */
export function writeUint(view: DataView, field: Field, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * field.lengthOctets)) {
    throw new Error(`${value} does not fit in ${field.lengthOctets} octets`)
  }
  switch (field.lengthOctets) {
    case 1:
      return view.setUint8(field.offset, value)
    case 2:
      return view.setUint16(field.offset, value, isLittleEndian(field))
    case 4:
      return view.setUint32(field.offset, value, isLittleEndian(field))
    default:
      throw new Error(`A field of ${field.lengthOctets} octets is not written as a number`)
  }
}

export function readUint64(view: DataView, field: Field): bigint {
  return view.getBigUint64(field.offset, isLittleEndian(field))
}

/** Throws when the number does not fit: our own mistake. */
export function writeUint64(view: DataView, field: Field, value: bigint): void {
  if (value < 0n || value >= 1n << 64n) throw new Error(`${value} does not fit in 8 octets`)
  view.setBigUint64(field.offset, value, isLittleEndian(field))
}

/** A copy. */
export function readOctets(view: DataView, field: Field, lengthOctets = field.lengthOctets): Uint8Array {
  return structBytes(view).slice(field.offset, field.offset + lengthOctets)
}

/** Throws when there are more octets than the field has. Fewer fill its beginning. */
export function writeOctets(view: DataView, field: Field, octets: Uint8Array): void {
  if (octets.length > field.lengthOctets) throw new Error(`${octets.length} octets do not fit in ${field.lengthOctets}`)
  structBytes(view).set(octets, field.offset)
}

function isLittleEndian(field: Field): boolean {
  return LITTLE_ENDIAN && field.kind !== 'be16' && field.kind !== 'be32'
}
