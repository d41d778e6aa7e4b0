import type { Allocation } from '#ipam/allocate.ts'
import { formatIp, type Ip } from '#model/ip.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import type { Log } from '#ports/log.ts'
import type { Failure } from '#runtime/failure.ts'
import { type Access, complaintOf } from './api-failure.ts'
import type { ObjectRecord } from './records.ts'

/** What the loops tell the outside. */
export interface OperatorReports {
  allocated(allocation: Allocation): void
  statusWritten(service: ObjectRecord, addresses: readonly Ip[]): void
  writeFailed(resource: KubeResource, key: string, failure: Failure, failuresInARow: number): void
  watchFailed(resource: KubeResource, failure: Failure, failuresInARow: number): void
  eventLost(failure: Failure): void
  /** A loop broke off by a mistake of our own; it is tried again. */
  loopFailed(loop: string, failure: Failure, failuresInARow: number): void
}

/** A failure is told at once, then each time it has lasted ten times as long: a missing rule must not fill the disk. */
function isWorthTelling(failuresInARow: number): boolean {
  return Number.isInteger(Math.log10(failuresInARow))
}

export function createReports(log: Log): OperatorReports {
  let told = ''
  const complain = (resource: KubeResource, access: Access, failure: Failure, inARow: number, key?: string): void => {
    const { sentence, remedy } = complaintOf(resource, access, failure)
    const fields = { ...(key === undefined ? {} : { object: key }), code: failure.code, message: failure.message }
    // Another writer was faster: the usual thing, and mended by the next look.
    if (failure.code === 'Conflict') return log.debug(sentence, fields)
    const isLasting = failure.code === 'Forbidden' || failure.code === 'NotFound' || failure.code === 'Unauthorized'
    if (!isWorthTelling(inARow)) log.debug(sentence, fields)
    else if (isLasting) log.error(sentence, { ...fields, remedy })
    else log.warn(sentence, fields)
  }
  return {
    allocated({ assignments, conflicts }) {
      const waiting = [...assignments.values()].filter(({ refusals }) => refusals.length > 0).length
      const summary = { services: assignments.size, waiting, conflictingPools: conflicts.size }
      if (JSON.stringify(summary) === told) return
      told = JSON.stringify(summary)
      log.info('Addresses allocated', summary)
    },
    statusWritten: ({ namespace, name }, addresses) =>
      log.debug('Service status written', { service: `${namespace}/${name}`, addresses: addresses.map(formatIp) }),
    writeFailed: (resource, key, failure, inARow) => complain(resource, 'patch the status of', failure, inARow, key),
    watchFailed: (resource, failure, inARow) => complain(resource, 'list and watch', failure, inARow),
    loopFailed(loop, { code, message }, inARow) {
      if (isWorthTelling(inARow)) log.error('A loop of the operator failed', { loop, code, message })
    },
    eventLost: (failure) => log.warn('An Event could not be written', { code: failure.code, message: failure.message }),
  }
}
