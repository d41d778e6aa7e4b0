/**
 * The two programs of `traffic.bpf.c`, each run inside the namespace that it works in:
 *   traffic.ts generate JSON   sends for `durationMs` and prints {"sent": frames, "durationMs": how long it really took}
 *   traffic.ts count JSON      counts at the device; answers every line on standard input with the count so far; ends with its input
 */
import { createInterface } from 'node:readline'
import { ipToBytes, mustParseIp } from '#model/ip.ts'
import { macToBytes } from '#model/mac.ts'
import { closeFd } from '#io/bpf/bpf-call.ts'
import { loadBpfObject } from '#io/bpf/bpf-object.ts'
import { ATTACH_TYPE, createLink } from '#io/bpf/link-calls.ts'
import { lookupElement } from '#io/bpf/map-calls.ts'
import { testRun } from '#io/bpf/test-run.ts'
import { libbpf } from '#io/bpf/libbpf.ts'

export interface GenerateOrder {
  readonly object: string
  readonly ifindex: number
  readonly flows: number
  readonly sourceAddress: string
  readonly sourceMac: string
  readonly targetAddress: string
  readonly targetMac: string
  readonly targetPort: number
  readonly frameOctets: number
  readonly durationMs: number
}

export interface CountOrder {
  readonly object: string
  readonly ifindex: number
  readonly port: number
}

const FRAMES_A_CALL = 16_384
/** XDP_FLAGS_DRV_MODE (linux/if_link.h): never the slow path without our knowing. */
const NATIVE = 1 << 2

/** A number of two octets as it stands in a packet, for a constant that is written little-endian. */
function networkOrder16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8)
}

function generate(order: GenerateOrder): void {
  const object = loadBpfObject({
    path: order.object,
    programs: ['generate'],
    constants: {
      out_ifindex: order.ifindex,
      flows: order.flows,
      source_address: ipToBytes(mustParseIp(order.sourceAddress)),
      target_address: ipToBytes(mustParseIp(order.targetAddress)),
      target_port: networkOrder16(order.targetPort),
      source_mac: macToBytes(order.sourceMac),
      target_mac: macToBytes(order.targetMac),
    },
  })
  const data = new Uint8Array(order.frameOctets)
  const startedMs = performance.now()
  let sent = 0
  while (performance.now() - startedMs < order.durationMs) {
    testRun(object.programFd('generate'), { data, repeat: FRAMES_A_CALL, liveFrames: true })
    sent += FRAMES_A_CALL
  }
  process.stdout.write(`${JSON.stringify({ sent, durationMs: performance.now() - startedMs })}\n`)
  object.close()
}

async function count(order: CountOrder): Promise<void> {
  const object = loadBpfObject({
    path: order.object,
    programs: ['count'],
    constants: { counted_port: networkOrder16(order.port) },
  })
  const link = createLink({
    programFd: object.programFd('count'),
    target: order.ifindex,
    attachType: ATTACH_TYPE.XDP,
    flags: NATIVE,
    subject: `XDP of interface ${order.ifindex}`,
  })
  process.stdout.write('ready\n')
  for await (const _ of createInterface({ input: process.stdin })) {
    process.stdout.write(`${readCount(object.mapFd('perf_counts'))}\n`)
  }
  closeFd(link)
  object.close()
}

function readCount(mapFd: number): number {
  const values = new Uint8Array(8 * libbpf().possibleCpus())
  lookupElement(mapFd, Uint8Array.of(1, 0, 0, 0), values)
  const view = new DataView(values.buffer)
  let sum = 0
  for (let at = 0; at < values.length; at += 8) sum += Number(view.getBigUint64(at, true))
  return sum
}

if (import.meta.main) {
  const [verb, order = '{}'] = process.argv.slice(2)
  if (verb === 'generate') generate(JSON.parse(order) as GenerateOrder)
  else await count(JSON.parse(order) as CountOrder)
}
