import { BPF, bpf, createAttr, pointTo } from './bpf-call.ts'

/*
 * The commands on one element of a map. They answer 0, or minus the error number: what is an error and what is an answer, the
 * caller knows. The buffers must have the lengths that the kernel assumes: key length, and value length times CPUs.
 */

export function lookupElement(mapFd: number, key: Uint8Array, value: Uint8Array): number {
  return element(BPF.MAP_LOOKUP_ELEM, mapFd, key, value)
}

/** Puts or replaces (BPF_ANY). */
export function updateElement(mapFd: number, key: Uint8Array, value: Uint8Array): number {
  return element(BPF.MAP_UPDATE_ELEM, mapFd, key, value)
}

export function deleteElement(mapFd: number, key: Uint8Array): number {
  return element(BPF.MAP_DELETE_ELEM, mapFd, key, undefined)
}

/** The key after `key`, or the first one for undefined or a key that is not there. -ENOENT after the last. */
export function nextKey(mapFd: number, key: Uint8Array | undefined, next: Uint8Array): number {
  return element(BPF.MAP_GET_NEXT_KEY, mapFd, key, next)
}

function element(command: number, mapFd: number, key: Uint8Array | undefined, second: Uint8Array | undefined): number {
  const attr = createAttr(32)
  attr.view.setUint32(0, mapFd, true)
  if (key !== undefined) pointTo(attr, 8, key)
  if (second !== undefined) pointTo(attr, 16, second)
  return bpf(command, attr)
}

/** What a batch command answers. `error` is 0 or the error number; `done` elements were dealt with before it. */
export interface BatchAnswer {
  readonly error: number
  readonly done: number
}

/** Puts or replaces `count` elements; `keys` and `values` are one after another. */
export function updateBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): BatchAnswer {
  return batch(BPF.MAP_UPDATE_BATCH, mapFd, { keys, values, count })
}

export function deleteBatch(mapFd: number, keys: Uint8Array, count: number): BatchAnswer {
  return batch(BPF.MAP_DELETE_BATCH, mapFd, { keys, count })
}

/**
 * Reads up to `count` elements. `from` is the place that an earlier answer wrote to `next`; undefined begins anew. The place has at
 * least 4 octets and those of a key. ENOENT with `done` elements is the end.
 */
export function lookupBatch(
  mapFd: number,
  place: { readonly from: Uint8Array | undefined; readonly next: Uint8Array },
  room: { readonly keys: Uint8Array; readonly values: Uint8Array; readonly count: number },
): BatchAnswer {
  return batch(BPF.MAP_LOOKUP_BATCH, mapFd, { ...room, ...place })
}

interface BatchArguments {
  readonly keys: Uint8Array
  readonly values?: Uint8Array
  readonly count: number
  readonly from?: Uint8Array | undefined
  readonly next?: Uint8Array
}

function batch(command: number, mapFd: number, { keys, values, count, from, next }: BatchArguments): BatchAnswer {
  const attr = createAttr(56)
  if (from !== undefined) pointTo(attr, 0, from)
  if (next !== undefined) pointTo(attr, 8, next)
  pointTo(attr, 16, keys)
  if (values !== undefined) pointTo(attr, 24, values)
  attr.view.setUint32(32, count, true)
  attr.view.setUint32(36, mapFd, true)
  const answer = bpf(command, attr)
  return { error: answer < 0 ? -answer : 0, done: attr.view.getUint32(32, true) }
}
