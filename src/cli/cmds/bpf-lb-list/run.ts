import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { BpfError } from '#io/bpf/bpf-error.ts'
import type { Result } from '#model/result.ts'
import { BpfMapError, type BpfMapName, type BpfMaps } from '#ports/bpf-maps.ts'
import { decodeBackendId, decodeLb4Backend, type Lb4Backend } from '#wire/bpf/lb4-backend.ts'
import { decodeLb4Key, type Lb4Key } from '#wire/bpf/lb4-key.ts'
import { decodeFrontendId, decodeLb4ReverseNat, type Lb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import { decodeLbService, type LbService } from '#wire/bpf/lb-service.ts'

/** What the load-balancing maps hold, in no order. */
export interface LbDump {
  readonly services: readonly { readonly key: Lb4Key; readonly service: LbService }[]
  readonly backends: ReadonlyMap<number, Lb4Backend>
  readonly reverseNat: ReadonlyMap<number, Lb4ReverseNat>
}

const REMEDY =
  'run it as root on a node that has the agent, or: kubectl -n kube-system exec ds/balise -- balise bpf lb list'

export async function runBpfLbList(outside: Outside): Promise<LbDump> {
  let maps: BpfMaps | undefined
  try {
    maps = await outside.openMaps()
    const services = readMap(maps, 'lb4_services', decodeLb4Key, decodeLbService)
    return {
      services: services.map(([key, service]) => ({ key, service })),
      backends: new Map(readMap(maps, 'lb4_backends', decodeBackendId, decodeLb4Backend)),
      reverseNat: new Map(readMap(maps, 'lb4_reverse_nat', decodeFrontendId, decodeLb4ReverseNat)),
    }
  } catch (error) {
    if (error instanceof BpfMapError || error instanceof BpfError)
      throw new CliError(error.message, REMEDY, { cause: error })
    throw error
  } finally {
    maps?.close()
  }
}

function readMap<K, V>(
  maps: BpfMaps,
  name: BpfMapName,
  decodeKey: (bytes: Uint8Array) => Result<K, unknown>,
  decodeValue: (bytes: Uint8Array) => Result<V, unknown>,
): readonly (readonly [K, V])[] {
  return maps
    .map(name)
    .entries()
    .map((entry) => [decoded(name, decodeKey(entry.key)), decoded(name, decodeValue(entry.value))] as const)
}

/** An entry that we cannot read was written by another version. */
function decoded<T>(map: BpfMapName, result: Result<T, unknown>): T {
  if (result.ok) return result.value
  throw new CliError(
    `BPF map ${map} holds an entry that this version cannot read: ${JSON.stringify(result.error)}`,
    'use the balise command of the image that the agent runs',
  )
}
