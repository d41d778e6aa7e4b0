import { type AnnouncedPool, readAnnouncedPool } from '#crd/metallb/address-pool.ts'
import { LEGACY_CONFIG } from '#crd/metallb/kinds.ts'
import { decodeL2Advertisement } from '#crd/metallb/l2-advertisement.ts'
import { legacyPools, readLegacyConfig } from '#agents/legacy-config.ts'
import { advertisementMistakes } from '#l2/advertisement-mistakes.ts'
import { announcedPools, type L2Rules, type LegacyPools, rulesOf } from '#l2/rules.ts'
import type { Mistake } from '#model/condition.ts'
import type { L2Advertisement } from '#model/l2-advertisement.ts'
import type { L2Policy } from '#model/l2-policy.ts'
import type { Node } from '#model/node.ts'
import { poolKey } from '#model/pool.ts'
import type { KubeObject, KubeResource, ListOptions } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, CONFIG_MAPS, L2_ADVERTISEMENTS } from '#ports/kube-resources.ts'
import type { Informer } from '#runtime/informer.ts'

/** What the agent reads of MetalLB's dialect. */
export interface MetallbL2Sources {
  readonly pools: Informer<AnnouncedPool>
  readonly advertisements: Informer<AdvertisementReading>
  /** The ConfigMap of MetalLB up to 0.12. */
  readonly legacy: Informer<LegacyPools>
}

/** An L2Advertisement with what is wrong in it. */
export interface AdvertisementReading {
  readonly namespace: string
  readonly name: string
  /** Undefined when nothing of it can be used. */
  readonly advertisement: L2Advertisement | undefined
  readonly mistakes: readonly Mistake[]
}

/** Opens an informer of one kind; `optional`: a server without the kind counts as one without objects of it. */
export type OpenInformer = <T>(
  resource: KubeResource,
  trim: (object: KubeObject) => T | undefined,
  select: ListOptions,
  presence: 'required' | 'optional',
) => Informer<T>

/** `namespace` is that of MetalLB's objects. */
export function openMetallbL2(open: OpenInformer, namespace: string): MetallbL2Sources {
  const fieldSelector = `metadata.name=${LEGACY_CONFIG.name}`
  return {
    pools: open(ADDRESS_POOLS, readAnnouncedPool, { namespace }, 'optional'),
    advertisements: open(L2_ADVERTISEMENTS, readAdvertisement, { namespace }, 'optional'),
    legacy: open(CONFIG_MAPS, readLegacy, { namespace, fieldSelector }, 'required'),
  }
}

/** By resource, for the status. */
export function metallbInformers(
  sources: MetallbL2Sources | undefined,
): readonly (readonly [KubeResource, Informer<unknown>])[] {
  if (sources === undefined) return []
  return [
    [ADDRESS_POOLS, sources.pools],
    [L2_ADVERTISEMENTS, sources.advertisements],
    [CONFIG_MAPS, sources.legacy],
  ]
}

function readAdvertisement(object: KubeObject): AdvertisementReading {
  const { name, namespace = '' } = object.metadata
  const { value: advertisement, mistakes } = decodeL2Advertisement(object)
  return { namespace, name, advertisement, mistakes }
}

function readLegacy(object: KubeObject): LegacyPools | undefined {
  const read = readLegacyConfig(object)
  return read === undefined ? undefined : legacyPools(object, read)
}

export interface RuleSources {
  readonly policies: Informer<{ readonly policy: L2Policy | undefined }>
  readonly nodes: Informer<Node>
  readonly metallb: MetallbL2Sources | undefined
}

/** The rules as the API has them now. */
export function rulesFrom({ policies, nodes, metallb }: RuleSources): L2Rules {
  return rulesOf({
    policies: [...policies.items().values()].flatMap(({ policy }) => policy ?? []),
    nodes: nodes.items().values(),
    metallb: metallb && {
      ...announcedPools(metallb.pools.items().values()),
      advertisements: [...metallb.advertisements.items().values()].flatMap(({ advertisement }) => advertisement ?? []),
      legacy: [...metallb.legacy.items().values()],
    },
  })
}

/** What is wrong in L2Advertisements, and shows in themselves or against the pools: they have no status to say it in. */
export function advertisementProblems(
  { namespace, name, advertisement, mistakes }: AdvertisementReading,
  { addressPools }: L2Rules,
): { readonly key: string; readonly mistakes: readonly Mistake[] } {
  const againstPools = advertisement === undefined ? [] : advertisementMistakes(advertisement, addressPools)
  return { key: poolKey({ namespace, name }), mistakes: [...mistakes, ...againstPools] }
}
