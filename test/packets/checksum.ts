/** The Internet checksum (RFC 1071) of several pieces, as if they were one; each but the last has an even length. */
export function internetChecksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0
  for (const piece of pieces) {
    for (const [index, octet] of piece.entries()) sum += index % 2 === 0 ? octet << 8 : octet
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
