import type { Outcome } from '#ipam/allocate.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import { DEPLOYMENTS, LEASES, NODES } from '#ports/kube-resources.ts'
import type { Log } from '#ports/log.ts'
import type { Failure } from '#runtime/failure.ts'
import { type Access, complaintOf } from './api-failure.ts'

/** What the loops tell the outside. */
export interface OperatorReports {
  allocated(outcome: Outcome & { readonly waiting: number }): void
  /** The API took a status of this kind. */
  written(resource: KubeResource, key: string): void
  writeFailed(resource: KubeResource, key: string, failure: Failure): void
  /** The API took an annotation, or did not. */
  annotated(resource: KubeResource, key: string): void
  annotateFailed(resource: KubeResource, key: string, failure: Failure): void
  /** A taint or condition of a node was changed: `text` says which. */
  nodeChanged(node: string, text: string): void
  watchFailed(resource: KubeResource, failure: Failure, failuresInARow: number): void
  /** The Lease of the leader could not be taken or renewed. */
  leaseFailed(failure: Failure, failuresInARow: number): void
  eventLost(failure: Failure): void
  /** A mirror Lease was written or deleted, or was not. */
  mirrorWritten(name: string): void
  mirrorFailed(name: string, failure: Failure, failuresInARow: number): void
  /** Which Deployment mirrors belong to may not be read: they stay when Balise is uninstalled. */
  mirrorOwnerHidden(failure: Failure): void
  /** The Deployment of the operators was deleted, and mirrors with it: none is written any more. */
  mirrorsLeaving(deployment: string): void
  /** Somebody else renews a Lease that bears the name of a mirror. */
  foreignLease(service: string, message: string): void
  /** A loop broke off by a mistake of our own; it is tried again. */
  loopFailed(loop: string, failure: Failure, failuresInARow: number): void
}

/** A failure is told at once, then each time it has come ten times as often: a missing rule must not fill the disk. */
function isWorthTelling(times: number): boolean {
  return Number.isInteger(Math.log10(times))
}

export function createReports(log: Log): OperatorReports {
  let told = ''
  let hidden = 0
  /** Failed writes of all objects of a kind since one came through: a missing rule fails thousands. */
  const failedWrites = new Map<string, number>()
  const complain = (resource: KubeResource, access: Access, failure: Failure, times: number, object?: string): void => {
    const { sentence, remedy } = complaintOf(resource, access, failure)
    const fields = { code: failure.code, error: failure.message, times, ...(object === undefined ? {} : { object }) }
    // Another writer was faster: the usual thing, and mended by the next look.
    if (failure.code === 'Conflict' || !isWorthTelling(times)) log.debug(sentence, fields)
    else if (isLasting(failure)) log.error(sentence, { ...fields, remedy })
    else log.warn(sentence, fields)
  }
  const complainOfWrite = (resource: KubeResource, access: Access, key: string, failure: Failure): void => {
    const kind = `${access} ${resource.plural}`
    const times = (failedWrites.get(kind) ?? 0) + (failure.code === 'Conflict' ? 0 : 1)
    failedWrites.set(kind, times)
    complain(resource, access, failure, times, key)
  }
  return {
    allocated({ assignments, conflicts, waiting }) {
      const summary = { services: assignments.size, waiting, conflictingPools: conflicts.size }
      if (JSON.stringify(summary) === told) return
      told = JSON.stringify(summary)
      log.info('Addresses allocated', summary)
    },
    written({ plural }, object) {
      failedWrites.delete(`patch the status of ${plural}`)
      log.debug('Status written', { resource: plural, object })
    },
    annotated({ plural }, object) {
      failedWrites.delete(`patch ${plural}`)
      log.debug('Annotation written', { resource: plural, object })
    },
    nodeChanged(node, change) {
      for (const access of ['patch', 'patch the status of'] as const) failedWrites.delete(`${access} ${NODES.plural}`)
      log.info('Node changed', { node, change })
    },
    writeFailed: (resource, key, failure) => complainOfWrite(resource, 'patch the status of', key, failure),
    annotateFailed: (resource, key, failure) => complainOfWrite(resource, 'patch', key, failure),
    watchFailed: (resource, failure, inARow) => complain(resource, 'list and watch', failure, inARow),
    leaseFailed: (failure, inARow) => complain(LEASES, 'read and write', failure, inARow),
    loopFailed(loop, { code, message }, inARow) {
      if (isWorthTelling(inARow)) log.error('A loop of the operator failed', { loop, code, error: message })
    },
    mirrorWritten(name) {
      failedWrites.delete(`write and delete ${LEASES.plural}`)
      log.debug('Mirror Lease written', { name })
    },
    mirrorFailed: (name, failure) => complainOfWrite(LEASES, 'write and delete', name, failure),
    mirrorOwnerHidden: (failure) => complain(DEPLOYMENTS, 'read', failure, ++hidden),
    mirrorsLeaving: (deployment) =>
      log.info('No mirror Lease is written: the Deployment that they go with was deleted', { deployment }),
    foreignLease: (service, message) => log.warn('A Lease is left to its holder', { service, problem: message }),
    eventLost: ({ code, message }) => log.warn('An Event could not be written', { code, error: message }),
  }
}

/** Somebody must do something about it. */
function isLasting({ code }: Failure): boolean {
  return code === 'Forbidden' || code === 'NotFound' || code === 'Unauthorized'
}
