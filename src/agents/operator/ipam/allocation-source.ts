import { isDeepStrictEqual } from 'node:util'
import type { IpamRules, Outcome } from '#ipam/allocate.ts'
import { createAllocator } from '#ipam/allocator.ts'
import type { IpamSettings } from '#ipam/ownership.ts'
import { selectsByLabels } from '#model/pool-policy.ts'
import type { Labels } from '#model/selector.ts'
import type { KeyChanges } from '#runtime/key-changes.ts'
import { claimOf, rulesOf } from './ipam-plan.ts'
import type { Ledger } from '#agents/operator/status/ledger.ts'
import type { MetallbLook } from '#agents/operator/metallb/metallb-source.ts'
import type { PoolPolicyRecord } from './pool-policies.ts'
import type { PoolRecord, ServiceRecord } from '#agents/operator/records.ts'

/** What there is at one moment. */
export interface AllocationView {
  readonly pools: ReadonlyMap<string, PoolRecord>
  readonly metallb: MetallbLook
  readonly policies: ReadonlyMap<string, PoolPolicyRecord>
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, Labels>
  readonly services: ReadonlyMap<string, ServiceRecord>
}

export interface AllocationLook {
  readonly outcome: Outcome & { readonly waiting: number }
  /** Services that are to be looked at. */
  readonly changed: ReadonlySet<string>
  /** It is to be looked again although nothing has happened. */
  readonly isUnfinished: boolean
}

export interface AllocationSourceOptions {
  readonly settings: IpamSettings
  /** Statuses of Services that were sent. */
  readonly ledger: Ledger
  readonly services: KeyChanges
}

/** Allocates from what the watch shows and what was written since. It remembers what it gave to whom for as long as it lives. */
export interface AllocationSource {
  look(view: AllocationView): AllocationLook
  /** Pools, policies or namespaces have changed: they are read anew at the next look. */
  rulesChanged(): void
  /** A look broke off, and what it was told may be lost: the next one knows no more than after a restart, and looks at all Services. */
  startAnew(): void
}

const NO_LABELS: ReadonlyMap<string, Labels> = new Map()

export function createAllocationSource({ settings, ledger, services }: AllocationSourceOptions): AllocationSource {
  let allocator = createAllocator()
  let rules: IpamRules | undefined
  let isStale = false
  let isAnew = false
  return {
    rulesChanged: () => void (isStale = true),
    startAnew() {
      allocator = createAllocator()
      isAnew = true
    },
    look(view) {
      if (rules === undefined || isStale) rules = latest(rules, rulesIn(view, settings))
      isStale = false
      const keys = new Set([...services.take(), ...ledger.takeChanged(), ...(isAnew ? view.services.keys() : [])])
      isAnew = false
      const claims = new Map(Array.from(keys, (key) => [key, claimIn(view.services, ledger, key)]))
      const look = allocator.look(rules, claims)
      return { outcome: allocator.outcome(), ...look }
    },
  }
}

function claimIn(services: ReadonlyMap<string, ServiceRecord>, ledger: Ledger, key: string) {
  const record = services.get(key)
  return record === undefined ? undefined : claimOf(record, ledger.entryFor(key, record))
}

/** Namespaces are a part of the rules only where somebody selects by their labels. */
function rulesIn(view: AllocationView, settings: IpamSettings): IpamRules {
  const { pools, metallb, namespaces } = view
  const rules = rulesOf(pools.values(), { settings, metallb, policies: view.policies.values() })
  const isByLabels =
    rules.pools.some(({ namespaceSelectors }) => namespaceSelectors.length > 0) || rules.policies?.some(selectsByLabels)
  return { ...rules, namespaces: isByLabels === true ? new Map(namespaces) : NO_LABELS }
}

/** The very rules of before when the new ones say the same: what is written into the status of a pool changes nothing. */
function latest(before: IpamRules | undefined, now: IpamRules): IpamRules {
  return before !== undefined && isDeepStrictEqual(before, now) ? before : now
}
