import { formatIp, type Ip, sameIp } from '#model/ip.ts'
import { IPAM_CONDITION } from '#ipam/request.ts'
import type { Condition } from '#model/condition.ts'
import type { StatusWrite } from './status-writer.ts'

/** What is told in an Event of a Service. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: 'IPAllocated' | 'IPReleased' | 'AllocationFailed'
  readonly message: string
}

/** What a status that was just written tells the user anew; nothing when neither addresses nor the refusal changed. */
export function noticesOf(write: StatusWrite, before: readonly Ip[]): readonly Notice[] {
  return [...addressNotices(before, write.image.addresses), ...failureNotices(write)]
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

function failureNotices({ record, image }: StatusWrite): readonly Notice[] {
  const condition = ipamCondition(image.conditions)
  if (condition === undefined || condition.status === 'True') return []
  const known = ipamCondition(record.conditions)
  if (known?.status === condition.status && known.message === condition.message) return []
  return [{ type: 'Warning', reason: 'AllocationFailed', message: condition.message }]
}

function ipamCondition(conditions: readonly unknown[]): Condition | undefined {
  return (conditions as readonly Condition[]).find(({ type }) => type === IPAM_CONDITION)
}
