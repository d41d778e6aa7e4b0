/** Sends whole Ethernet frames (AF_PACKET). */
export interface FrameSender {
  /** Throws when the kernel refuses: device down or gone. */
  send(ifindex: number, frame: Uint8Array): void
  close(): void
}
