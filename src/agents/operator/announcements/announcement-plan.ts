import { IPAM_CONDITION } from '#ipam/ownership.ts'
import { ANNOUNCED_CONDITION, createAnnouncements } from '#l2/announced.ts'
import type { Condition } from '#model/condition.ts'
import type { Ip } from '#model/ip.ts'
import type { Service } from '#model/service.ts'
import type { L2Moment } from './l2-view.ts'

export interface AnnouncementChange {
  readonly wanted: readonly Condition[]
  /** Types of conditions that are to go. */
  readonly dropped: readonly string[]
}

/** What is to be said of who answers for the addresses of Services. */
export interface AnnouncementPlan {
  conditionsOf(service: Service, addresses: readonly Ip[], written: readonly unknown[]): AnnouncementChange
  /** When to look again at Services for which nobody answers yet; undefined when there is none. */
  nextLookMs(): number | undefined
}

/** An agent needs a moment to take a new address, a user one to apply the policy: before that nobody is told that no node answers. */
const GRACE_MS = 5_000
const UNCHANGED: AnnouncementChange = { wanted: [], dropped: [] }

/** Undefined while nodes and policies are not known. */
export function announcementsOf(moment: L2Moment | undefined, nowMs: number): AnnouncementPlan | undefined {
  if (moment === undefined) return undefined
  const announcements = createAnnouncements(moment.nodes, moment.rules)
  let nextLookMs: number | undefined
  return {
    nextLookMs: () => nextLookMs,
    conditionsOf(service, addresses, written) {
      if (addresses.length === 0) return { wanted: [], dropped: [ANNOUNCED_CONDITION] }
      const condition = announcements.conditionOf(service, addresses)
      if (condition.status === 'False' && !moment.isSettled) return UNCHANGED
      if (condition.status === 'False' && !isWritten(written, ANNOUNCED_CONDITION)) {
        const leftMs = satisfiedAtMs(written, nowMs) + GRACE_MS - nowMs
        if (leftMs > 0) {
          nextLookMs = Math.min(nextLookMs ?? leftMs, leftMs)
          return UNCHANGED
        }
      }
      return { wanted: [condition], dropped: [] }
    },
  }
}

function isWritten(written: readonly unknown[], type: string): boolean {
  return (written as readonly Condition[]).some((condition) => condition.type === type)
}

/** Since when the Service has its address; now, when that has not been written yet. */
function satisfiedAtMs(written: readonly unknown[], nowMs: number): number {
  const satisfied = (written as readonly Condition[]).find(({ type }) => type === IPAM_CONDITION)
  const sinceMs = Date.parse(satisfied?.lastTransitionTime ?? '')
  return Number.isNaN(sinceMs) ? nowMs : sinceMs
}
