import { formatIp, type Ip, sameIp } from '#model/ip.ts'
import { IPAM_CONDITION } from '#ipam/ownership.ts'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import type { Condition } from '#model/condition.ts'
import type { StatusWrite } from '#agents/operator/status/status-writer.ts'

/** What is told in an Event of a Service. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: 'IPAllocated' | 'IPReleased' | 'AllocationFailed' | 'Ignored' | 'Announced' | 'NotAnnounced'
  readonly message: string
}

/** What a status that was just written tells the user anew. */
export function noticesOf(write: StatusWrite, before: readonly Ip[]): readonly Notice[] {
  return [
    ...addressNotices(before, write.image.addresses),
    ...requestNotices(newsOf(write, IPAM_CONDITION)),
    ...announcementNotices(newsOf(write, ANNOUNCED_CONDITION)),
  ]
}

/** What of these conditions somebody still has to see to. */
export function warningsOf(conditions: readonly unknown[]): readonly Notice[] {
  return [
    ...requestNotices(conditionIn(conditions, IPAM_CONDITION)),
    ...announcementNotices(conditionIn(conditions, ANNOUNCED_CONDITION)),
  ].filter(({ type }) => type === 'Warning')
}

function addressNotices(before: readonly Ip[], after: readonly Ip[]): readonly Notice[] {
  const gained = without(after, before)
  const lost = without(before, after)
  if (gained.length > 0) {
    const instead = lost.length === 0 ? '' : ` instead of ${format(lost)}`
    return [{ type: 'Normal', reason: 'IPAllocated', message: `Assigned ${format(gained)}${instead}` }]
  }
  return lost.length === 0 ? [] : [{ type: 'Normal', reason: 'IPReleased', message: `Released ${format(lost)}` }]
}

function without(these: readonly Ip[], those: readonly Ip[]): readonly Ip[] {
  return these.filter((ip) => !those.some((other) => sameIp(ip, other)))
}

function format(addresses: readonly Ip[]): string {
  return addresses.map(formatIp).join(', ')
}

function requestNotices(news: Condition | undefined): readonly Notice[] {
  if (news === undefined || news.message === '') return []
  // What a satisfied request has to say is what of it has no effect; `kubectl describe` shows no conditions of Services.
  const reason = news.status === 'False' ? 'AllocationFailed' : 'Ignored'
  return [{ type: 'Warning', reason, message: news.message }]
}

function announcementNotices(news: Condition | undefined): readonly Notice[] {
  if (news === undefined) return []
  const { status, message } = news
  return status === 'True'
    ? [{ type: 'Normal', reason: 'Announced', message }]
    : [{ type: 'Warning', reason: 'NotAnnounced', message }]
}

/** A condition that says something else than before; undefined when it does not, or is not there. */
function newsOf({ record, image }: StatusWrite, type: string): Condition | undefined {
  const now = conditionIn(image.conditions, type)
  const before = conditionIn(record.conditions, type)
  return now?.status === before?.status && now?.message === before?.message ? undefined : now
}

function conditionIn(conditions: readonly unknown[], wanted: string): Condition | undefined {
  return (conditions as readonly Condition[]).find(({ type }) => type === wanted)
}
