import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FrameSender } from './frame-sender.ts'

export interface OpenSender {
  readonly sender: FrameSender
  readonly ifindex: number
  /** From now on the device is down. */
  takeDown(): void
  /** Frames that left through the device so far. */
  sent(): readonly Uint8Array[]
}

/** What every `FrameSender` promises: run on the fake and on the kernel's. */
export function frameSenderContract(subject: string, open: () => OpenSender): void {
  test(`${subject} sends exactly the octets that it was given, in order`, () => {
    const { sender, ifindex, sent } = open()
    const frames = [1, 2, 3].map((number) => makeFrame(number))
    for (const frame of frames) sender.send(ifindex, frame)
    assert.deepEqual(sent(), frames)
    sender.close()
  })

  test(`${subject} keeps nothing of a frame: its buffer may be used again`, () => {
    const { sender, ifindex, sent } = open()
    const frame = makeFrame(1)
    sender.send(ifindex, frame)
    frame.fill(0)
    assert.deepEqual(sent(), [makeFrame(1)])
    sender.close()
  })

  test(`${subject} throws for a device that is down`, () => {
    const { sender, ifindex, takeDown } = open()
    takeDown()
    assert.throws(() => sender.send(ifindex, makeFrame(1)), /ENETDOWN/)
    sender.close()
  })

  test(`${subject} refuses what is too short to be a frame`, () => {
    const { sender, ifindex, sent } = open()
    assert.throws(() => sender.send(ifindex, new Uint8Array(13)), /14 octets/)
    assert.deepEqual(sent(), [])
    sender.close()
  })
}

/** 60 octets of an experimental EtherType (IEEE 802a). */
function makeFrame(number: number): Uint8Array {
  const frame = new Uint8Array(60).fill(number)
  frame.set([0x88, 0xb5], 12)
  return frame
}
