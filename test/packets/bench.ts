import { after, beforeEach } from 'node:test'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import { buildBpf } from '#tools/build-bpf.ts'
import { type Kernel, openKernel } from './kernel.ts'
import { enterNamespaces } from './namespaces.ts'
import type { Packet } from './packet.ts'
import { clearMaps } from './scene.ts'

/** What a program made of a packet. */
export type Outcome = ReturnType<Kernel['run']>

/** A kernel with our programs, for the tests of one file. */
export interface Bench {
  readonly maps: BpfMaps
  ingress(packet: Packet): Outcome
  egress(packet: Packet): Outcome
}

/** Loads the programs in namespaces of the test file's own, empties the maps before each test, and closes the kernel after the last. */
export function openBench(): Bench {
  const kernel = openKernel(buildBpf(), enterNamespaces())
  after(() => kernel.close())
  beforeEach(() => clearMaps(kernel.maps))
  return {
    maps: kernel.maps,
    ingress: (packet) => kernel.run('balise_ingress', packet),
    egress: (packet) => kernel.run('balise_egress', packet),
  }
}
