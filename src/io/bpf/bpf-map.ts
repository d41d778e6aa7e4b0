import { type BpfMap, type BpfMapEntry, BpfMapError, type BpfMapName } from '#ports/bpf-maps.ts'
import { closeFd } from './bpf-call.ts'
import { ENOTSUPP, errnoName } from './errno.ts'
import { type MapFile, valueBuffer, valuesOfAllCpus } from './map-file.ts'
import { deleteBatch, deleteElement, lookupElement, updateBatch, updateElement } from './map-calls.ts'
import { readAllEntries, readChunks } from './map-entries.ts'

const ENOENT = 2
const E2BIG = 7
const EINVAL = 22
/** What a full LPM trie answers. */
const ENOSPC = 28
const EOPNOTSUPP = 95
/** Elements per system call: each call holds up the event loop for about a millisecond. */
const BATCH_ELEMENTS = 4096

/** The port over a map's descriptor. */
export function createBpfMap(name: BpfMapName, file: MapFile): BpfMap & { close(): void } {
  const fail = (call: string, number: number): never => {
    if (number === E2BIG || number === ENOSPC)
      throw new BpfMapError({ code: 'MapFull', map: name, maxEntries: file.layout.maxEntries })
    throw new BpfMapError({ code: 'SystemCall', map: name, call, errno: errnoName(number) })
  }
  const update = (key: Uint8Array, value: Uint8Array): void => {
    checkLengths(file, key, value)
    const answer = updateElement(file.fd, key, valueBuffer(file, value))
    if (answer < 0) fail('BPF_MAP_UPDATE_ELEM', -answer)
  }
  const remove = (key: Uint8Array): boolean => {
    checkLengths(file, key)
    const answer = deleteElement(file.fd, key)
    return answer === 0 || (answer === -ENOENT ? false : fail('BPF_MAP_DELETE_ELEM', -answer))
  }
  return {
    name,
    keyLengthOctets: file.layout.keyLengthOctets,
    valueLengthOctets: file.layout.valueLengthOctets,
    maxEntries: file.layout.maxEntries,
    entries: () => readAllEntries(file, fail),
    chunks: () => readChunks(file, fail),
    lookup(key) {
      checkLengths(file, key)
      const value = new Uint8Array(file.slotLengthOctets)
      const answer = lookupElement(file.fd, key, value)
      if (answer === -ENOENT) return undefined
      return answer < 0 ? fail('BPF_MAP_LOOKUP_ELEM', -answer) : valuesOfAllCpus(file, value)
    },
    update,
    updateBatch: (entries) => {
      for (const chunk of chunksOf(entries)) putChunk(file, chunk, update, fail)
    },
    delete: remove,
    deleteBatch: (keys) => {
      for (const chunk of chunksOf(keys)) deleteChunk(file, chunk, remove, fail)
    },
    close: () => closeFd(file.fd),
  }
}

/** A buffer of another length would make the kernel read or write beyond it: our own mistake, never let through. */
function checkLengths({ layout }: MapFile, key: Uint8Array, value?: Uint8Array): void {
  const { keyLengthOctets, valueLengthOctets } = layout
  if (key.length !== keyLengthOctets) throw new Error(`A key has ${keyLengthOctets} octets here, not ${key.length}`)
  if (value !== undefined && value.length !== valueLengthOctets)
    throw new Error(`A value has ${valueLengthOctets} octets here, not ${value.length}`)
}

function putChunk(
  file: MapFile,
  chunk: readonly BpfMapEntry[],
  updateOne: (key: Uint8Array, value: Uint8Array) => void,
  fail: (call: string, number: number) => never,
): void {
  for (const { key, value } of chunk) checkLengths(file, key, value)
  const keys = concatenate(chunk.map((entry) => entry.key))
  const values = concatenate(chunk.map((entry) => valueBuffer(file, entry.value)))
  const { error } = updateBatch(file.fd, keys, values, chunk.length)
  if (error === 0) return
  if (!lacksBatch(error)) fail('BPF_MAP_UPDATE_BATCH', error)
  for (const { key, value } of chunk) updateOne(key, value)
}

/** A key that is not there ends the kernel's batch; the rest is deleted one by one up to the next batch. */
function deleteChunk(
  file: MapFile,
  chunk: readonly Uint8Array[],
  deleteOne: (key: Uint8Array) => boolean,
  fail: (call: string, number: number) => never,
): void {
  for (const key of chunk) checkLengths(file, key)
  const { error, done } = deleteBatch(file.fd, concatenate(chunk), chunk.length)
  if (error === 0) return
  if (error !== ENOENT && !lacksBatch(error)) fail('BPF_MAP_DELETE_BATCH', error)
  for (const key of chunk.slice(error === ENOENT ? done : 0)) deleteOne(key)
}

/** A map type without batch commands, or a kernel that has none for it. */
function lacksBatch(error: number): boolean {
  return error === ENOTSUPP || error === EOPNOTSUPP || error === EINVAL
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / BATCH_ELEMENTS)
  return Array.from({ length: count }, (_, index) => items.slice(index * BATCH_ELEMENTS, (index + 1) * BATCH_ELEMENTS))
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const lengthOctets = parts[0]?.length ?? 0
  const whole = new Uint8Array(lengthOctets * parts.length)
  for (const [index, part] of parts.entries()) whole.set(part, index * lengthOctets)
  return whole
}
