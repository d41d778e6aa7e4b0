import type { BpfMaps } from '#ports/bpf-maps.ts'
import { run } from './own-namespaces.ts'

/** Two ends of a wire in this network namespace; frames go in at one and come out at the other. */
export interface Wire {
  /** Programs hang here. */
  readonly near: { readonly name: string; readonly ifindex: number }
  /** Frames are sent here. */
  readonly far: { readonly name: string; readonly ifindex: number }
}

/** A veth pair. */
export function createWire(name: string): Wire {
  const [near, far] = [`${name}-near`, `${name}-far`]
  run('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far)
  for (const device of [near, far]) run('ip', 'link', 'set', device, 'up')
  return { near: { name: near, ifindex: ifindexOf(near) }, far: { name: far, ifindex: ifindexOf(far) } }
}

export function ifindexOf(device: string): number {
  const links = JSON.parse(run('ip', '-j', 'link', 'show', 'dev', device)) as readonly { readonly ifindex: number }[]
  const ifindex = links[0]?.ifindex
  if (ifindex === undefined) throw new Error(`There is no device ${device}`)
  return ifindex
}

/** A frame of 64 octets of an experimental EtherType (IEEE 802a): the only kind that the fixture counts, and that no stack sends. */
export function makeFrame(): Uint8Array {
  const frame = new Uint8Array(64)
  frame.fill(0xff, 0, 6)
  frame.set([2, 0, 0, 0, 0, 1], 6)
  frame.set([0x88, 0xb5], 12)
  return frame
}

/** Packets that a counter of the fixture has seen, on all CPUs. */
export function countedPackets(maps: BpfMaps, counter: number): number {
  const values = maps.map('counters').lookup(Uint8Array.of(counter, 0, 0, 0)) ?? new Uint8Array(0)
  const numbers = new BigUint64Array(values.slice().buffer)
  return numbers.reduce((sum, number, index) => (index % 2 === 0 ? sum + Number(number) : sum), 0)
}
