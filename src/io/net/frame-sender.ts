import type { FrameSender } from '#ports/frame-sender.ts'
import { NetError } from './net-error.ts'
import { openSocket, SOCK_RAW, type Socket } from './socket.ts'

const AF_PACKET = 17
/** Nothing is ever received: no protocol, so the kernel hands us no copy of any packet. */
const NO_PROTOCOL = 0
const ETHERNET_HEADER_LENGTH = 14

/** Sends through AF_PACKET in this process's network namespace. Throws `NetError`. */
export function openFrameSender(): FrameSender {
  const socket: Socket = openSocket({
    family: AF_PACKET,
    type: SOCK_RAW,
    protocol: NO_PROTOCOL,
    nonBlocking: true,
    subject: 'packet socket',
  })
  return {
    send(ifindex, frame) {
      if (frame.length < ETHERNET_HEADER_LENGTH)
        throw new NetError({ code: 'FrameTooShort', lengthOctets: frame.length })
      socket.send(frame, packetAddress(ifindex, frame), `interface ${ifindex}`)
    },
    close: () => socket.close(),
  }
}

/** `struct sockaddr_ll`: family, EtherType as the frame has it, interface. */
function packetAddress(ifindex: number, frame: Uint8Array): Uint8Array {
  const address = new Uint8Array(20)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  address.set(frame.subarray(12, 14), 2)
  view.setInt32(4, ifindex, true)
  return address
}
