import type { MapLayout } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import { readMapInfo } from './map-info.ts'

/** An open map and what its buffers look like. */
export interface MapFile {
  readonly fd: number
  readonly layout: MapLayout
  /** How many values an element has: the CPUs that there could be for a per-CPU map, else 1. */
  readonly valuesPerElement: number
  /** Octets of all values of one element, as bpf(2) passes them: those of per-CPU maps are rounded up to 8 each. */
  readonly slotLengthOctets: number
}

/** BPF_MAP_TYPE_PERCPU_HASH, _PERCPU_ARRAY, _LRU_PERCPU_HASH */
const PER_CPU_TYPES: readonly number[] = [5, 6, 10]

export function describeMapFile(fd: number): MapFile {
  const { layout } = readMapInfo(fd)
  if (!PER_CPU_TYPES.includes(layout.type)) {
    return { fd, layout, valuesPerElement: 1, slotLengthOctets: layout.valueLengthOctets }
  }
  const cpus = libbpf().possibleCpus()
  if (cpus < 1) throw new Error(`libbpf counts ${cpus} CPUs`)
  return { fd, layout, valuesPerElement: cpus, slotLengthOctets: cpus * roundUp(layout.valueLengthOctets) }
}

/** One value as bpf(2) wants it: the same on every CPU. */
export function valueBuffer(file: MapFile, value: Uint8Array): Uint8Array {
  if (file.valuesPerElement === 1) return value
  const slot = new Uint8Array(file.slotLengthOctets)
  for (let cpu = 0; cpu < file.valuesPerElement; cpu++) slot.set(value, cpu * roundUp(file.layout.valueLengthOctets))
  return slot
}

/** What bpf(2) gave, without the octets that round values up. */
export function valuesOfAllCpus({ layout, valuesPerElement }: MapFile, slot: Uint8Array): Uint8Array {
  const { valueLengthOctets } = layout
  const stride = roundUp(valueLengthOctets)
  if (valuesPerElement === 1 || stride === valueLengthOctets) return slot
  const values = new Uint8Array(valueLengthOctets * valuesPerElement)
  for (let cpu = 0; cpu < valuesPerElement; cpu++) {
    values.set(slot.subarray(cpu * stride, cpu * stride + valueLengthOctets), cpu * valueLengthOctets)
  }
  return values
}

function roundUp(lengthOctets: number): number {
  return Math.ceil(lengthOctets / 8) * 8
}
