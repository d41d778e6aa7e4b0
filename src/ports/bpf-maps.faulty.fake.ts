import { type BpfMap, BpfMapError, type BpfMapName, type BpfMaps } from './bpf-maps.ts'

/** Which calls fail: told of each call's number, from 1. */
export type FailRule = (callNumber: number, map: BpfMapName, operation: string) => boolean

/** Exactly the `n`-th call fails. */
export function failCall(n: number): FailRule {
  return (callNumber) => callNumber === n
}

/** A share of all calls fails, 0..1; the same ones for the same seed. */
export function failShare(share: number, seed: number): FailRule {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0 // the generator of Numerical Recipes: even enough for this
    return state / 2 ** 32 < share
  }
}

export interface FaultyBpfMaps extends BpfMaps {
  /** How many calls there were so far, failed ones counted. */
  readonly calls: () => number
}

/**
 * The maps of `inner`, where calls fail with ENOMEM when `rule` says so. A failing batch has done its first half: as in the kernel,
 * where what came before the error stays.
 */
export function createFaultyBpfMaps(inner: BpfMaps, rule: FailRule): FaultyBpfMaps {
  let calls = 0
  const fails = (map: BpfMapName, operation: string): boolean => rule(++calls, map, operation)
  return { calls: () => calls, map: (name) => makeFaulty(inner.map(name), fails), close: () => inner.close() }
}

function makeFaulty(inner: BpfMap, fails: (map: BpfMapName, operation: string) => boolean): BpfMap {
  const attempt = <T>(operation: string, work: () => T, partly: () => void = () => {}): T => {
    if (!fails(inner.name, operation)) return work()
    partly()
    throw new BpfMapError({ code: 'SystemCall', map: inner.name, call: operation, errno: 'ENOMEM' })
  }
  return {
    name: inner.name,
    keyLengthOctets: inner.keyLengthOctets,
    valueLengthOctets: inner.valueLengthOctets,
    maxEntries: inner.maxEntries,
    entries: () => attempt('entries', () => inner.entries()),
    chunks: () => attempt('chunks', () => inner.chunks()),
    lookup: (key) => attempt('lookup', () => inner.lookup(key)),
    update: (key, value) => attempt('update', () => inner.update(key, value)),
    updateBatch: (entries) =>
      attempt(
        'updateBatch',
        () => inner.updateBatch(entries),
        () => inner.updateBatch(entries.slice(0, entries.length >> 1)),
      ),
    delete: (key) => attempt('delete', () => inner.delete(key)),
    deleteBatch: (keys) =>
      attempt(
        'deleteBatch',
        () => inner.deleteBatch(keys),
        () => inner.deleteBatch(keys.slice(0, keys.length >> 1)),
      ),
  }
}
