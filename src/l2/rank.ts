/** Two 32-bit hashes of a text: FNV-1a with two offsets (draft-eastlake-fnv), mixed at the end. */
export interface TextHash {
  readonly high: number
  readonly low: number
}

const FNV_PRIME_32 = 0x01000193
const FNV_OFFSET_32 = 0x811c9dc5
/** Any other start value gives an independent hash. */
const SECOND_OFFSET = 0x9e3779b9

export function hashText(text: string): TextHash {
  let high = FNV_OFFSET_32
  let low = SECOND_OFFSET
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, FNV_PRIME_32)
    low = Math.imul(low ^ unit, FNV_PRIME_32)
  }
  return { high: mix(high), low: mix(low) }
}

/** Rendezvous rank (highest random weight) of a node for an address: 0 to 2^53-1, the greater the better; the same everywhere. */
export function rankOf(node: TextHash, address: TextHash): number {
  const high = mix(node.high ^ address.high ^ mix(node.low + address.low))
  const low = mix(node.low ^ address.low ^ high)
  return high * 0x20_0000 + (low >>> 11)
}

/** The finalizer of MurmurHash3, 32 bits: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
