import type { L4Protocol } from '#model/service.ts'

/** IPPROTO_* of netinet/in.h. */
export const IPPROTO: { readonly [P in L4Protocol]: number } = { TCP: 6, UDP: 17, SCTP: 132 }

export function protocolOfNumber(number: number): L4Protocol | undefined {
  switch (number) {
    case IPPROTO.TCP:
      return 'TCP'
    case IPPROTO.UDP:
      return 'UDP'
    case IPPROTO.SCTP:
      return 'SCTP'
    default:
      return undefined
  }
}
