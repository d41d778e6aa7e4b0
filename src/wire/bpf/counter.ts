import { err, ok, type Result } from '#model/result.ts'
import { u64 } from './field.ts'
import { newStruct, readUint64, type StructDefect, structBytes, viewStruct, writeUint64 } from './struct-layout.ts'

/** Value of maps `drops` (by `DROP_REASON`) and `counters` (by `COUNTER_ID`), of one CPU or summed. */
export interface Counter {
  readonly packets: bigint
  readonly bytes: bigint
}

export const COUNTER_LAYOUT = {
  struct: 'counter',
  lengthOctets: 16,
  fields: { packets: u64(0), bytes: u64(8) },
}

export function encodeCounter(counter: Counter): Uint8Array {
  const view = newStruct(COUNTER_LAYOUT)
  writeUint64(view, COUNTER_LAYOUT.fields.packets, counter.packets)
  writeUint64(view, COUNTER_LAYOUT.fields.bytes, counter.bytes)
  return structBytes(view)
}

export function decodeCounter(bytes: Uint8Array): Result<Counter, StructDefect> {
  const view = viewStruct(bytes, COUNTER_LAYOUT)
  if (!view.ok) return view
  return ok({
    packets: readUint64(view.value, COUNTER_LAYOUT.fields.packets),
    bytes: readUint64(view.value, COUNTER_LAYOUT.fields.bytes),
  })
}

/** The values of all CPUs, one after another, as a look-up in a per-CPU map gives them: their sum. */
export function decodeCounterOfCpus(bytes: Uint8Array): Result<Counter, StructDefect> {
  const { lengthOctets, struct } = COUNTER_LAYOUT
  const rest = bytes.length % lengthOctets
  if (rest !== 0)
    return err({ code: 'WrongLength', struct, needed: bytes.length - rest + lengthOctets, had: bytes.length })
  let sum: Counter = { packets: 0n, bytes: 0n }
  for (let start = 0; start < bytes.length; start += lengthOctets) {
    const one = decodeCounter(bytes.subarray(start, start + lengthOctets))
    if (!one.ok) return one
    sum = { packets: sum.packets + one.value.packets, bytes: sum.bytes + one.value.bytes }
  }
  return ok(sum)
}
