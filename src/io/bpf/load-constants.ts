import { BpfError } from './bpf-error.ts'
import { type SectionVariable, sectionVariables } from './btf-section.ts'
import { libc } from './libc.ts'
import { type Handle, libbpf } from './libbpf.ts'

/** A number for an integer or bool, octets for anything else. */
export type ConstantValue = number | bigint | boolean | Uint8Array

/** Names of an object's load-time constants. */
export function listConstants(object: Handle): readonly string[] {
  return rodataVariables(object).map((variable) => variable.name)
}

/** Writes into .rodata of an object that is open and not loaded yet. Throws `NoSuchConstant` or `ConstantTooLong`. */
export function setConstants(object: Handle, constants: Readonly<Record<string, ConstantValue>>): void {
  const wanted = Object.entries(constants)
  if (wanted.length === 0) return
  const variables = rodataVariables(object)
  const known = variables.map((variable) => variable.name)
  const section = findRodata(object)
  const content = section === undefined ? undefined : readInitialValue(section)
  for (const [constant, value] of wanted) {
    const variable = variables.find(({ name }) => name === constant)
    if (variable === undefined || content === undefined) throw new BpfError({ code: 'NoSuchConstant', constant, known })
    write(content, variable, value)
  }
  if (section !== undefined && content !== undefined) libbpf().setInitialValue(section, content, content.length)
}

function rodataVariables(object: Handle): readonly SectionVariable[] {
  const btf = libbpf().btf(object)
  if (btf === null) return []
  const length = new Uint32Array(1)
  const source = libbpf().btfRawData(btf, length)
  return source === null ? [] : sectionVariables(copyFrom(source, length[0] ?? 0), '.rodata')
}

function findRodata(object: Handle): Handle | undefined {
  for (let map = libbpf().nextMap(object, null); map !== null; map = libbpf().nextMap(object, map)) {
    if (libbpf().isInternal(map) && libbpf().mapName(map).endsWith('.rodata')) return map
  }
  return undefined
}

function readInitialValue(section: Handle): Uint8Array | undefined {
  const length = new BigUint64Array(1)
  const source = libbpf().initialValue(section, length)
  return source === null ? undefined : copyFrom(source, Number(length[0]))
}

function copyFrom(source: bigint, length: number): Uint8Array {
  const copy = new Uint8Array(length)
  if (length > 0) libc().memcpy(copy, source, length)
  return copy
}

function write(content: Uint8Array, variable: SectionVariable, value: ConstantValue): void {
  const roomOctets = variable.lengthOctets
  const octets = value instanceof Uint8Array ? value : littleEndian(BigInt(value), roomOctets)
  if (octets === undefined || octets.length > roomOctets) {
    const lengthOctets = octets?.length ?? roomOctets + 1
    throw new BpfError({ code: 'ConstantTooLong', constant: variable.name, lengthOctets, roomOctets })
  }
  content.fill(0, variable.offsetOctets, variable.offsetOctets + roomOctets)
  content.set(octets, variable.offsetOctets)
}

/** Undefined when the number does not fit, as signed or unsigned one. */
function littleEndian(value: bigint, lengthOctets: number): Uint8Array | undefined {
  const bits = BigInt(8 * lengthOctets)
  if (value >= 1n << bits || value < -(1n << (bits - 1n))) return undefined
  const unsigned = BigInt.asUintN(8 * lengthOctets, value)
  return Uint8Array.from({ length: lengthOctets }, (_, index) => Number((unsigned >> BigInt(8 * index)) & 255n))
}
