import { type MistakeEvent, metallbEvent, type MetallbEvent, mistakeEvent } from '#crd/metallb/events.ts'
import { advertisementMistakes } from '#l2/advertisement-mistakes.ts'
import { ANNOUNCED_CONDITION } from '#l2/announced.ts'
import type { Condition } from '#model/condition.ts'
import { policyOfAdvertisement } from '#model/l2-policy.ts'
import type { L2Moment } from '#agents/operator/announcements/l2-view.ts'
import type { AdvertisementRecord } from './metallb-records.ts'
import { clusterMistakes } from '#agents/operator/announcements/policy-mistakes.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'

/** What is wrong in an L2Advertisement, in itself or against pools and nodes: it has no status that could say so. */
export function advertisementEvents(
  { advertisement, mistakes }: AdvertisementRecord,
  { rules, nodes }: L2Moment,
): readonly MistakeEvent[] {
  if (advertisement === undefined) return [mistakeEvent(mistakes)].filter((event) => event !== undefined)
  const { addressPools } = rules
  const policy = policyOfAdvertisement(advertisement, addressPools)
  const all = [...mistakes, ...advertisementMistakes(advertisement, addressPools), ...clusterMistakes(policy, nodes)]
  return [mistakeEvent(all)].filter((event) => event !== undefined)
}

/** In the words of MetalLB's speaker. */
export function assignedEvent(node: string): MetallbEvent {
  return metallbEvent('nodeAssigned', `announcing from node "${node}" with protocol "layer2"`)
}

/** That no node can answer for an address that an L2Advertisement is about; what stands in the way is in the condition. */
export function failedEvents({ conditions }: ServiceRecord): readonly MetallbEvent[] {
  const condition = conditionIn(conditions)
  return condition?.status === 'False' && condition.reason === 'NoNode'
    ? [metallbEvent('announceFailed', condition.message)]
    : []
}

/** Whether the Service was announced before a moment; times of conditions are whole seconds. */
export function wasAnnouncedBefore({ conditions }: ServiceRecord, beganMs: number): boolean {
  const condition = conditionIn(conditions)
  return condition !== undefined && Date.parse(condition.lastTransitionTime ?? '') + 1000 <= beganMs
}

function conditionIn(conditions: readonly unknown[]): Condition | undefined {
  return (conditions as readonly Condition[]).find(({ type }) => type === ANNOUNCED_CONDITION)
}
