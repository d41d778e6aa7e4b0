import type { Clock } from '#ports/clock.ts'
import type { KubeApi, KubeResource } from '#ports/kube-api.ts'
import type { Failure } from '#runtime/failure.ts'
import { createWorkQueue, type WorkQueueStatus } from '#runtime/work-queue.ts'
import { createLedger, type Ledger, type StatusImage } from './ledger.ts'
import type { ObjectRecord } from '#agents/operator/records.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'

/** One status to be written over one version of an object. */
export interface StatusWrite {
  readonly record: ObjectRecord
  readonly image: StatusImage
}

export interface StatusWriterOptions<W extends StatusWrite> {
  readonly api: KubeApi
  readonly resource: KubeResource
  readonly clock: Clock
  readonly random: () => number
  readonly reports: Pick<OperatorReports, 'written' | 'writeFailed'>
  /** The API has it. */
  readonly onWritten?: (write: W) => void
}

/**
 * Writes statuses of one kind, many at once, the latest of an object winning. Every write names the version that it was made for, so that it
 * never overwrites what another writer did in between. Refused for that, it is tried again like any other until the watch brings the
 * newer version and a new write replaces it.
 */
export interface StatusWriter<W extends StatusWrite> {
  readonly ledger: Ledger
  put(key: string, write: W): void
  /** Nothing is to be written: takes back what waits. */
  drop(key: string): void
  /** Forgets an object that is gone. */
  forget(key: string): void
  /** Forgets objects that are gone. */
  retain(keys: { has(key: string): boolean }): void
  status(): WorkQueueStatus
  close(): Promise<void>
}

/** Above the number of Services that Balise is made for. */
const CAPACITY = 200_000
/** The API server takes about that many small writes at once from one client without slowing others (max-mutating-inflight is 200). */
export const STATUS_WRITES_AT_ONCE = 16

export function createStatusWriter<W extends StatusWrite>(
  options: StatusWriterOptions<W>,
  signal: AbortSignal,
): StatusWriter<W> {
  const ledger = createLedger()
  const { resource, clock, random, reports } = options
  const work = (key: string, write: W, workSignal: AbortSignal): Promise<void> =>
    writeOnce(options, ledger, key, write, workSignal)
  const onFailure = (key: string, failure: Failure): void => reports.writeFailed(resource, key, failure)
  const queue = createWorkQueue<W>(
    { work, capacity: CAPACITY, concurrency: STATUS_WRITES_AT_ONCE, clock, random, onFailure },
    signal,
  )
  const waiting = new Set<string>()
  const drop = (key: string): void => {
    if (waiting.delete(key)) queue.drop(key)
  }
  return {
    ledger,
    put(key, write) {
      if (queue.put(key, write) !== 'full') waiting.add(key)
    },
    drop,
    forget(key) {
      ledger.forget(key)
      drop(key)
    },
    retain(keys) {
      ledger.retain(keys)
      for (const key of waiting) if (!keys.has(key)) drop(key)
    },
    status: () => queue.status(),
    close: () => queue.close(),
  }
}

async function writeOnce<W extends StatusWrite>(
  { api, resource, reports, onWritten }: StatusWriterOptions<W>,
  ledger: Ledger,
  key: string,
  write: W,
  signal: AbortSignal,
): Promise<void> {
  const { record, image } = write
  if (!ledger.begin(key, record, image)) return
  const ref = { name: record.name, ...(record.namespace === '' ? {} : { namespace: record.namespace }) }
  const patch = { kind: 'merge', body: bodyOf(write) } as const
  const made = await api.patch(resource, ref, patch, { subresource: 'status' }, signal)
  ledger.confirm(key, made.metadata.resourceVersion ?? '')
  reports.written(resource, key)
  onWritten?.(write)
}

/** A JSON merge patch (RFC 7386). Lists are written whole, which is safe because of the version; null removes an empty one. */
function bodyOf({ record, image }: StatusWrite): unknown {
  const conditions = image.conditions.length === 0 ? null : image.conditions
  const { ingress } = image
  const loadBalancer = ingress === undefined ? {} : { loadBalancer: { ingress: ingress.length === 0 ? null : ingress } }
  return {
    metadata: { resourceVersion: record.resourceVersion },
    status: { ...image.fields, ...loadBalancer, conditions },
  }
}
