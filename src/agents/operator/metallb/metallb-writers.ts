import type { AnnotationPatch } from '#crd/metallb/allocated-from.ts'
import { type AddressPoolStatus, sameAddressPoolStatus } from '#crd/metallb/pool-status.ts'
import type { Clock } from '#ports/clock.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import { ADDRESS_POOLS, SERVICES } from '#ports/kube-resources.ts'
import { createWorkQueue } from '#runtime/work-queue.ts'
import type { AddressPoolRecord } from './metallb-records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'
import type { ServiceRecord } from '#agents/operator/records.ts'

export interface MetallbWriterOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly random: () => number
  readonly reports: OperatorReports
  readonly onMarked: (record: ServiceRecord, patch: AnnotationPatch) => void
}

/** Writes what MetalLB would write: counts into its pools, and the pool's name into annotations of Services. */
export interface MetallbWriters {
  putStatus(key: string, record: AddressPoolRecord, status: AddressPoolStatus): void
  putMark(key: string, record: ServiceRecord, patch: AnnotationPatch): void
  /** Forgets a Service that is gone. */
  forget(key: string): void
  close(): Promise<void>
}

interface Mark {
  readonly record: ServiceRecord
  readonly patch: AnnotationPatch
}

interface Count {
  readonly record: AddressPoolRecord
  readonly status: AddressPoolStatus
}

const CAPACITY = 200_000
const CONCURRENCY = 4
const MOST_ATTEMPTS = 5

export function createMetallbWriters(options: MetallbWriterOptions, signal: AbortSignal): MetallbWriters {
  const { api, clock, random, reports, onMarked } = options
  const common = { capacity: CAPACITY, concurrency: CONCURRENCY, maxFailures: MOST_ATTEMPTS, clock, random }
  /** The version of a Service that was marked, and how: the watch has yet to show it. */
  const marked = new Map<string, string>()
  let keepsStatus = true
  const counts = createWorkQueue<Count>(
    {
      ...common,
      async work(key, { record: { name, namespace }, status }, running) {
        if (!keepsStatus) return
        const patch = { kind: 'merge', body: { status } } as const
        const made = await api.patch(ADDRESS_POOLS, { name, namespace }, patch, { subresource: 'status' }, running)
        // Definitions of older versions of MetalLB do not have the fields: writing again would change nothing.
        keepsStatus = sameAddressPoolStatus(made['status'], status)
        reports.written(ADDRESS_POOLS, key)
      },
      onFailure: (key, failure) => reports.writeFailed(ADDRESS_POOLS, key, failure),
    },
    signal,
  )
  const marks = createWorkQueue<Mark>(
    {
      ...common,
      async work(key, { record, patch }, running) {
        const { name, namespace } = record
        const body = { metadata: { annotations: patch } }
        await api.patch(SERVICES, { name, namespace }, { kind: 'merge', body }, {}, running)
        marked.set(key, markText(record, patch))
        reports.annotated(SERVICES, key)
        onMarked(record, patch)
      },
      onFailure: (key, failure) => reports.annotateFailed(SERVICES, key, failure),
    },
    signal,
  )
  return {
    putStatus(key, record, status) {
      if (keepsStatus) counts.put(key, { record, status })
    },
    putMark(key, record, patch) {
      if (marked.get(key) !== markText(record, patch)) marks.put(key, { record, patch })
    },
    forget(key) {
      marks.drop(key)
      marked.delete(key)
    },
    async close() {
      await Promise.all([counts.close(), marks.close()])
    },
  }
}

function markText({ resourceVersion }: ServiceRecord, patch: AnnotationPatch): string {
  return `${resourceVersion} ${JSON.stringify(patch)}`
}
