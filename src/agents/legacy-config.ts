import type { Decoded } from '#crd/place.ts'
import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import { decodeLegacyConfig, type LegacyConfig } from '#crd/metallb/legacy-config.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { LegacyPools } from '#l2/rules.ts'
import type { Mistake } from '#model/condition.ts'
import type { KubeObject } from '#ports/kube-api.ts'

/** The ConfigMap that configured MetalLB up to 0.12, with the YAML in it; undefined for one without a configuration. */
export function readLegacyConfig(object: KubeObject): Decoded<LegacyConfig> | undefined {
  const text = (object['data'] as Readonly<Record<string, unknown>> | undefined)?.[LEGACY_CONFIG.key]
  if (typeof text !== 'string') return undefined
  const [document, ...more] = parseYaml(text)
  const problem = document?.ok === false ? document.error.problem : more.length > 0 ? 'has more than one document' : ''
  if (problem !== '') return { value: undefined, mistakes: [unreadable(problem)] }
  return decodeLegacyConfig(object, document?.ok === true ? document.value : undefined)
}

function unreadable(problem: string): Mistake {
  return { path: `data.${LEGACY_CONFIG.key}`, value: '', problem, remedy: 'write one document of YAML' }
}

/** What of it counts for announcing. */
export function legacyPools({ metadata }: KubeObject, { value, mistakes }: Decoded<LegacyConfig>): LegacyPools {
  const pools = value?.pools ?? []
  return {
    namespace: metadata.namespace ?? '',
    pools: pools.map(({ pool }) => pool),
    layer2: pools.filter(({ protocol }) => protocol === 'layer2').map(({ pool }) => pool.name),
    isBroken: mistakes.length > 0,
    isUnreadable: value === undefined,
  }
}
