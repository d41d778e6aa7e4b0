import { createHash } from 'node:crypto'
import {
  newServiceL2Status,
  type ServiceL2Status,
  type ServiceL2StatusObject,
  serviceL2StatusBody,
} from '#crd/metallb/service-l2-status.ts'
import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { SERVICE_L2_STATUSES } from '#ports/kube-resources.ts'
import { createWorkQueue } from '#runtime/work-queue.ts'
import type { OperatorReports } from '#agents/operator/reports.ts'

export interface AnnouncerWriterOptions {
  readonly api: KubeApi
  /** In which the objects are. */
  readonly namespace: string
  readonly clock: Clock
  readonly random: () => number
  readonly reports: OperatorReports
}

export interface ByName<T> {
  get(name: string): T | undefined
  keys(): Iterable<string>
}

/** Keeps the ServiceL2Status objects that are ours. */
export interface AnnouncerWriter {
  /** Writes what differs between the wanted statuses and the objects that there are, both by name: of these names, or of all. */
  settle(
    wanted: ReadonlyMap<string, ServiceL2Status>,
    shown: ByName<ServiceL2StatusObject>,
    names?: Iterable<string>,
  ): void
  close(): Promise<void>
}

type Job = { readonly kind: 'create' | 'update'; readonly status: ServiceL2Status } | { readonly kind: 'delete' }

interface Task {
  readonly job: Job
  /** Of the object that it was planned for; empty when there was none. */
  readonly version: string
}

interface Done {
  readonly text: string
  readonly passed: readonly string[]
}

const CAPACITY = 200_000
const CONCURRENCY = 4
const MOST_ATTEMPTS = 5
/** A server without the kind, or without the namespace, is not asked again before that. */
const ABSENT_PAUSE_MS = 30_000

/** Like MetalLB's `l2-<random>`, but always the same, so that no crash leaves two. */
export function announcerName({ node, serviceNamespace, serviceName }: ServiceL2Status): string {
  const digest = createHash('sha256').update(`${node}\n${serviceNamespace}/${serviceName}`).digest('hex')
  return `l2-${digest.slice(0, 16)}`
}

export function createAnnouncerWriter(options: AnnouncerWriterOptions, signal: AbortSignal): AnnouncerWriter {
  const { clock, random, reports } = options
  /** What was done, and the versions of the object from before that was done, which the watch may still show. */
  const done = new Map<string, Done>()
  let absentUntilMs = Number.NEGATIVE_INFINITY
  const queue = createWorkQueue<Task>(
    {
      capacity: CAPACITY,
      concurrency: CONCURRENCY,
      maxFailures: MOST_ATTEMPTS,
      clock,
      random,
      async work(name, { job, version }, running) {
        if (clock.monotonicMs() < absentUntilMs) return
        const passed = await perform(options, name, job, running)
        if (passed === 'absent') absentUntilMs = clock.monotonicMs() + ABSENT_PAUSE_MS
        else done.set(name, { text: textOf(job), passed: [version, ...passed] })
      },
      onFailure: (name, failure) => reports.writeFailed(SERVICE_L2_STATUSES, name, failure),
    },
    signal,
  )
  return {
    settle(wanted, shown, names = new Set([...wanted.keys(), ...shown.keys(), ...done.keys()])) {
      for (const name of names) {
        const object = shown.get(name)
        const job = plan(wanted.get(name), object)
        if (job === undefined) {
          // What the watch shows as it should be needs no memory: if it goes, it is made anew.
          done.delete(name)
          continue
        }
        const version = object?.resourceVersion ?? ''
        const before = done.get(name)
        const awaitsWatch = before?.text === textOf(job) && before.passed.includes(version)
        if (!awaitsWatch) queue.put(name, { job, version })
      }
    },
    close: () => queue.close(),
  }
}

/** A status is written alike over an object that is there and one that is made for it. */
function textOf(job: Job): string {
  return job.kind === 'delete' ? job.kind : JSON.stringify(job.status)
}

/** Undefined when nothing is to be done. */
function plan(wanted: ServiceL2Status | undefined, object: ServiceL2StatusObject | undefined): Job | undefined {
  if (wanted === undefined) return object === undefined ? undefined : { kind: 'delete' }
  if (object === undefined) return { kind: 'create', status: wanted }
  return isSame(object.status, wanted) ? undefined : { kind: 'update', status: wanted }
}

function isSame(a: ServiceL2Status | undefined, b: ServiceL2Status): boolean {
  return a?.node === b.node && a.interfaces.join() === b.interfaces.join()
}

/** Answers with the versions of the object that it went through. */
async function perform(
  { api, namespace }: AnnouncerWriterOptions,
  name: string,
  job: Job,
  signal: AbortSignal,
): Promise<readonly string[] | 'absent'> {
  try {
    if (job.kind === 'delete') {
      await api.delete(SERVICE_L2_STATUSES, { namespace, name }, signal)
      return []
    }
    const made = job.kind === 'create' ? await createIfAbsent(api, namespace, name, job.status, signal) : []
    const patch = { kind: 'merge', body: { status: serviceL2StatusBody(job.status) } } as const
    await api.patch(SERVICE_L2_STATUSES, { namespace, name }, patch, { subresource: 'status' }, signal)
    return made
  } catch (error) {
    if (!(error instanceof KubeError) || error.failure.code !== 'NotFound') throw error
    // What is to go is gone; what was to be changed is made anew when the watch shows that it is gone.
    return job.kind === 'create' ? 'absent' : []
  }
}

async function createIfAbsent(
  api: KubeApi,
  namespace: string,
  name: string,
  status: ServiceL2Status,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const body = newServiceL2Status(name, namespace, status)
    const { metadata } = await api.create(SERVICE_L2_STATUSES, namespace, body, signal)
    return [metadata.resourceVersion ?? '']
  } catch (error) {
    // Made a moment ago, and not shown by the watch yet.
    if (!(error instanceof KubeError) || error.failure.code !== 'AlreadyExists') throw error
    return []
  }
}
