/** `struct __sk_buff` of linux/bpf.h, with the fields that BPF_PROG_TEST_RUN takes from us. */
const LENGTH = 192
const IFINDEX = 40
const GSO_SEGMENTS = 164
const GSO_SIZE = 176

export interface SkbContext {
  readonly ifindex: number
  /** Several segments in one packet, of so many octets each; 0 for none. */
  readonly gsoSizeOctets: number
}

export function encodeSkbContext(context: SkbContext): Uint8Array {
  const octets = new Uint8Array(LENGTH)
  const view = new DataView(octets.buffer)
  view.setUint32(IFINDEX, context.ifindex, true)
  if (context.gsoSizeOctets > 0) {
    view.setUint32(GSO_SEGMENTS, 2, true)
    view.setUint32(GSO_SIZE, context.gsoSizeOctets, true)
  }
  return octets
}
