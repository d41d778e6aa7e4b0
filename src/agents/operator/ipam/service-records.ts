import type { Condition } from '#model/condition.ts'
import type { Service } from '#model/service.ts'
import type { ServiceRequest } from '#model/service-request.ts'
import type { KubeObject } from '#ports/kube-api.ts'
import { type ServiceRecord, serviceRecord } from '#agents/operator/records.ts'
import { createSharedValues, type SharedValues } from './shared-values.ts'

/**
 * Reads Services for one who holds thousands of them: what many have in common is held once for all. As `serviceRecord`, but without
 * addresses that nothing of the operator asks for; of a Service in which only these change it hears nothing.
 */
export function createServiceRecords(): (object: KubeObject) => ServiceRecord | undefined {
  const shared = createSharedValues()
  return (object) => {
    const record = serviceRecord(object)
    if (record === undefined) return undefined
    const conditions = shareConditions(record.conditions, shared)
    return {
      ...record,
      conditions,
      namespace: shared.of(record.namespace),
      mistakes: shared.of(record.mistakes),
      service: shareService(record.service, conditions, shared),
      asked: shareRequest(record.asked, shared),
    }
  }
}

function shareService(service: Service, conditions: readonly unknown[], shared: SharedValues): Service {
  const { namespace, labels, annotations, ports, families, externalIps, sourceRanges } = service
  return {
    ...service,
    namespace: shared.of(namespace),
    labels: shared.of(labels),
    annotations: shared.of(annotations),
    ports: shared.of(ports),
    families: shared.of(families),
    externalIps: externalIps.length === 0 ? shared.of(externalIps) : externalIps,
    clusterIps: shared.of([]),
    sourceRanges: sourceRanges.length === 0 ? shared.of(sourceRanges) : sourceRanges,
    // What was read of them is what they are, unless somebody wrote something else than conditions.
    conditions: conditions.every(isCondition) ? conditions : service.conditions,
  }
}

/** Those with a message are rarely equal. */
function shareConditions(conditions: readonly unknown[], shared: SharedValues): readonly unknown[] {
  if (!conditions.every(isCondition)) return conditions
  if (conditions.every(({ message }) => message === '')) return shared.of(conditions)
  return conditions.map((condition) => (condition.message === '' ? shared.of(condition) : condition))
}

/** Addresses that are asked for are no JSON. */
function shareRequest(asked: ServiceRequest, shared: SharedValues): ServiceRequest {
  return asked.wanted.kind === 'these' ? asked : shared.of(asked)
}

function isCondition(value: unknown): value is Condition {
  if (typeof value !== 'object' || value === null) return false
  const { type, status, reason, message, lastTransitionTime } = value as Readonly<Record<string, unknown>>
  const areTexts = [type, reason, message, lastTransitionTime].every((text) => typeof text === 'string')
  return areTexts && (status === 'True' || status === 'False' || status === 'Unknown')
}
