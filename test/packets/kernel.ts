import { join } from 'node:path'
import { loadBpfObject, type BpfObject } from '#io/bpf/bpf-object.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { testRun } from '#io/bpf/test-run.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { decodePacket, encodePacket } from './packet-octets.ts'
import { PIN_FOLDER } from './namespaces.ts'
import type { Packet } from './packet.ts'
import { encodeSkbContext } from './skb-context.ts'

/** Those that see whole packets. */
export const PACKET_PROGRAMS = ['balise_ingress', 'balise_egress', 'balise_to_overlay', 'balise_from_overlay'] as const
export type PacketProgram = (typeof PACKET_PROGRAMS)[number]

export interface Ran {
  readonly verdict: 'pass' | 'drop' | 'redirect'
  readonly octets: Uint8Array
}

/** The programs in the kernel, and their maps. */
export interface Kernel {
  readonly maps: BpfMaps
  runOctets(program: PacketProgram, octets: Uint8Array, gsoSizeOctets?: number): Ran
  run(
    program: PacketProgram,
    packet: Packet,
    gsoSizeOctets?: number,
  ): { readonly verdict: Ran['verdict']; readonly packet: Packet }
  close(): void
}

/** TC_ACT_* of linux/pkt_cls.h */
const VERDICTS: { readonly [number: number]: Ran['verdict'] } = { [-1]: 'pass', 2: 'drop', 7: 'redirect' }

/** Loads the packet programs from `folder`; they share their maps by their pins, as on a node. */
export function openKernel(folder: string, ifindex: number): Kernel {
  const load = (program: PacketProgram): BpfObject =>
    loadBpfObject({ path: join(folder, `${program}.bpf.o`), pinOf: (map) => join(PIN_FOLDER, map) })
  const objects = new Map(PACKET_PROGRAMS.map((program) => [program, load(program)]))
  const find = (program: PacketProgram): BpfObject => objects.get(program) ?? load(program)
  const maps = openPinnedMaps({ folder: PIN_FOLDER, mode: 'readwrite' })
  const runOctets = (program: PacketProgram, octets: Uint8Array, gsoSizeOctets = 0): Ran => {
    const context = encodeSkbContext({ ifindex, gsoSizeOctets })
    const { verdict: number, data } = testRun(find(program).programFd(program), { data: octets, context })
    const verdict = VERDICTS[number]
    if (verdict === undefined) throw new Error(`${program} answered ${number}`)
    return { verdict, octets: data }
  }
  return {
    maps,
    runOctets,
    run(program, packet, gsoSizeOctets) {
      const { verdict, octets } = runOctets(program, encodePacket(packet), gsoSizeOctets)
      return { verdict, packet: decodePacket(octets) }
    },
    close() {
      maps.close()
      for (const object of objects.values()) object.close()
    },
  }
}
