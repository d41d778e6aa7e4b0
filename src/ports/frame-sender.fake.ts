import type { FrameSender } from './frame-sender.ts'

export interface SentFrame {
  readonly ifindex: number
  readonly frame: Uint8Array
}

export interface FakeFrameSender extends FrameSender {
  /** In the order of sending. */
  readonly sent: readonly SentFrame[]
  /** From now on frames to this interface are refused, as by a device that is down; until `revive`. */
  breakDevice(ifindex: number): void
  revive(ifindex: number): void
}

/** Keeps what was sent. */
export function createFakeFrameSender(): FakeFrameSender {
  const sent: SentFrame[] = []
  const broken = new Set<number>()
  return {
    sent,
    breakDevice: (ifindex) => void broken.add(ifindex),
    revive: (ifindex) => void broken.delete(ifindex),
    send(ifindex, frame) {
      if (frame.length < 14) throw new Error(`An Ethernet frame has 14 octets at least, not ${frame.length}`)
      if (broken.has(ifindex)) throw new Error(`send for interface ${ifindex} failed with ENETDOWN`)
      sent.push({ ifindex, frame: frame.slice() })
    },
    close() {},
  }
}
