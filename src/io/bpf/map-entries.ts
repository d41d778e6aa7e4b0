import type { BpfMapEntry } from '#ports/bpf-maps.ts'
import { ENOTSUPP } from './errno.ts'
import { lookupBatch, lookupElement, nextKey } from './map-calls.ts'
import { type MapFile, valuesOfAllCpus } from './map-file.ts'

const ENOENT = 2
const EINVAL = 22
const ENOSPC = 28
const EOPNOTSUPP = 95
const BATCH_ELEMENTS = 4096
/** A hash bucket with more elements than this does not exist in practice; the bound ends the doubling. */
const MOST_BATCH_ELEMENTS = 1 << 20

type Fail = (call: string, number: number) => never

/** All elements. Elements that come or go meanwhile may be there or not; none is there twice unless it was put anew meanwhile. */
export function readAllEntries(file: MapFile, fail: Fail): readonly BpfMapEntry[] {
  return [...readChunks(file, fail)].flat()
}

/** The same, a chunk at a time: the kernel is asked for the next when the caller is done with the one before. */
export function* readChunks(file: MapFile, fail: Fail): Generator<readonly BpfMapEntry[]> {
  let count = Math.min(BATCH_ELEMENTS, file.layout.maxEntries)
  let from: Uint8Array | undefined
  for (;;) {
    const next = new Uint8Array(Math.max(8, file.layout.keyLengthOctets))
    const keys = new Uint8Array(count * file.layout.keyLengthOctets)
    const values = new Uint8Array(count * file.slotLengthOctets)
    const { error, done } = lookupBatch(file.fd, { from, next }, { keys, values, count })
    if (error === ENOSPC && count < MOST_BATCH_ELEMENTS) {
      count *= 2 // a bucket of the hash did not fit, so nothing of it was read
      continue
    }
    if (from === undefined && lacksBatch(error)) {
      yield readByKey(file, fail)
      return
    }
    if (error !== 0 && error !== ENOENT) fail('BPF_MAP_LOOKUP_BATCH', error)
    if (done > 0) yield collect(file, keys, values, done)
    if (error === ENOENT || done === 0) return
    from = next
  }
}

/** A map type without batches, or a kernel that has none for it. */
function lacksBatch(error: number): boolean {
  return error === ENOTSUPP || error === EOPNOTSUPP || error === EINVAL
}

function collect(file: MapFile, keys: Uint8Array, values: Uint8Array, count: number): readonly BpfMapEntry[] {
  const { keyLengthOctets } = file.layout
  const { slotLengthOctets } = file
  return Array.from({ length: count }, (_, index) => ({
    key: keys.subarray(index * keyLengthOctets, (index + 1) * keyLengthOctets),
    value: valuesOfAllCpus(file, values.subarray(index * slotLengthOctets, (index + 1) * slotLengthOctets)),
  }))
}

/** When the key that we stand at is deleted the kernel begins anew: what was read is remembered, and the walk is bounded. */
function readByKey(file: MapFile, fail: Fail): readonly BpfMapEntry[] {
  const found = new Map<string, BpfMapEntry>()
  let key: Uint8Array | undefined
  for (let steps = 0; steps <= 2 * file.layout.maxEntries; steps++) {
    const next = new Uint8Array(file.layout.keyLengthOctets)
    const answer = nextKey(file.fd, key, next)
    if (answer === -ENOENT) break
    if (answer < 0) return fail('BPF_MAP_GET_NEXT_KEY', -answer)
    const value = new Uint8Array(file.slotLengthOctets)
    const looked = lookupElement(file.fd, next, value)
    if (looked === 0) found.set(String(next), { key: next, value: valuesOfAllCpus(file, value) })
    else if (looked !== -ENOENT) return fail('BPF_MAP_LOOKUP_ELEM', -looked)
    key = next
  }
  return [...found.values()]
}
