import type { NetlinkDefect } from '#wire/netlink-message.ts'

export type NetFailure =
  /** `subject`: the socket or interface that it was about; `errno`: the kernel's name, `ENETDOWN`. */
  | { readonly code: 'SystemCall'; readonly call: string; readonly subject: string; readonly errno: string }
  /** The kernel answered a request with an error. */
  | { readonly code: 'Refused'; readonly request: string; readonly errno: string }
  | { readonly code: 'BadNetlink'; readonly request: string; readonly defect: NetlinkDefect }
  /** The list changed while the kernel wrote it out, each of `attempts` times. */
  | { readonly code: 'DumpInterrupted'; readonly request: string; readonly attempts: number }
  | { readonly code: 'FrameTooShort'; readonly lengthOctets: number }

/** The kernel would not let us see or use the network. */
export class NetError extends Error {
  override readonly name = 'NetError'
  readonly failure: NetFailure
  constructor(failure: NetFailure, options?: ErrorOptions) {
    super(formatFailure(failure), options)
    this.failure = failure
  }
}

function formatFailure(failure: NetFailure): string {
  switch (failure.code) {
    case 'SystemCall':
      return `${failure.call} for ${failure.subject} failed with ${failure.errno}`
    case 'Refused':
      return `The kernel refused ${failure.request} with ${failure.errno}`
    case 'BadNetlink':
      return `The kernel's answer to ${failure.request} does not make sense at octet ${failure.defect.at}: ${failure.defect.code}`
    case 'DumpInterrupted':
      return `${failure.request} was interrupted by changes ${failure.attempts} times`
    case 'FrameTooShort':
      return `An Ethernet frame has 14 octets at least, not ${failure.lengthOctets}`
  }
}
