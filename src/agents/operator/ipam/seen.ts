import type { Assignment } from '#ipam/allocate.ts'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import type { Condition } from '#model/condition.ts'
import { sameIp } from '#model/ip.ts'
import type { L2Moment } from '#agents/operator/announcements/l2-view.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'

/**
 * Services whose status says all there is to say, so that a change elsewhere costs them nothing. An era ends with a change in what nodes report
 * that may be about any Service.
 */
export interface Seen {
  /** Nothing that its status is made from has changed since `note`. */
  isSettled(key: string, record: ServiceRecord, era: L2Moment | undefined, assignment: Assignment | undefined): boolean
  /** Its status was found right. */
  note(key: string, record: ServiceRecord, era: L2Moment | undefined): void
  /** Forgets a Service that is gone, or that something has changed for. */
  forget(key: string): void
}

interface Sight {
  readonly record: ServiceRecord
  readonly era: L2Moment | undefined
}

export function createSeen(): Seen {
  const sights = new Map<string, Sight>()
  return {
    isSettled(key, record, era, assignment) {
      const sight = sights.get(key)
      if (sight === undefined || sight.record !== record || sight.era !== era) return false
      return assignment !== undefined && isSatisfied(assignment) && hasAddresses(record, assignment)
    },
    note(key, record, era) {
      // Of one that is not told yet who announces it, more is to be said when the time has come.
      if (era === undefined || isTold(record.conditions)) sights.set(key, { record, era })
    },
    forget: (key) => void sights.delete(key),
  }
}

function isSatisfied({ refusals, mistakes }: Assignment): boolean {
  return refusals.length === 0 && mistakes.length === 0
}

/** Its status shows the addresses that it is to have: were others sent since, they stand in the assignment. */
export function hasAddresses({ service: { ingressIps } }: ServiceRecord, { addresses }: Assignment): boolean {
  return (
    addresses.length === ingressIps.length &&
    addresses.every((ip, index) => {
      const shown = ingressIps[index]
      return shown !== undefined && sameIp(ip, shown)
    })
  )
}

function isTold(conditions: readonly unknown[]): boolean {
  return (conditions as readonly Condition[]).some(({ type }) => type === ANNOUNCED_CONDITION)
}
