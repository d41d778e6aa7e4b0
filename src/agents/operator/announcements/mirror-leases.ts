import { decodeLease } from '#crd/lease.ts'
import { LEASE_KIND_LABEL } from '#l2/node-facts.ts'
import { LEASE_KIND_MIRROR, type Mirror, MIRROR_HOLDERS_ANNOTATION, MIRROR_SERVICE_ANNOTATION } from '#l2/mirror.ts'
import type { Lease } from '#model/lease.ts'
import { type KubeApi, KubeError } from '#ports/kube-api.ts'
import { LEASES } from '#ports/kube-resources.ts'
import { formatMicroTime } from '#runtime/lease-record.ts'
import type { OwnerReference } from './mirror-owner.ts'

/**
 * The duration that a mirror bears. A mirror is not renewed as often as Cilium's Lease is: it is written when it changes, and once in half this
 * time, so that tools that look at `renewTime` find it current, and one that an operator left behind runs out by itself. No Lease by which an
 * agent of Cilium elects has this duration, which tells the two apart.
 */
export const MIRROR_SECONDS = 3600
const REFRESH_MS = (MIRROR_SECONDS * 1000) / 2

/** Ours as long as nobody else has renewed it since: leader election of others writes its own duration. */
export function isMirror({ labels, durationSeconds }: Lease): boolean {
  return labels[LEASE_KIND_LABEL] === LEASE_KIND_MIRROR && durationSeconds === MIRROR_SECONDS
}

/** When a mirror is to be written again although nothing changed. By the wall clock. */
export function refreshAtMs({ renewTimeMs }: Lease): number {
  return (renewTimeMs ?? Number.NEGATIVE_INFINITY) + REFRESH_MS
}

/** Whether a Lease says what it should. */
export function saysSame(lease: Lease, mirror: Mirror): boolean {
  const { annotations } = mirrorMetadata(mirror)
  return (
    lease.holder === mirror.holder &&
    lease.acquireTimeMs === Math.floor(mirror.sinceMs) &&
    Object.entries(annotations).every(([name, value]) => lease.annotations[name] === value)
  )
}

function mirrorMetadata({ service, holders }: Mirror): {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
} {
  return {
    labels: { [LEASE_KIND_LABEL]: LEASE_KIND_MIRROR, 'app.kubernetes.io/managed-by': 'balise' },
    annotations: {
      [MIRROR_SERVICE_ANNOTATION]: service,
      [MIRROR_HOLDERS_ANNOTATION]: JSON.stringify(Object.fromEntries(holders)),
    },
  }
}

function mirrorSpec(mirror: Mirror, before: Lease | undefined, nowMs: number): object {
  const changes = before === undefined || before.holder === mirror.holder ? 0 : 1
  return {
    holderIdentity: mirror.holder,
    leaseDurationSeconds: MIRROR_SECONDS,
    acquireTime: formatMicroTime(Math.floor(mirror.sinceMs)),
    renewTime: formatMicroTime(nowMs),
    leaseTransitions: (before?.transitions ?? 0) + changes,
  }
}

export interface MirrorWrite {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  readonly mirror: Mirror
  /** With whom it goes; undefined: with nobody. */
  readonly owner: OwnerReference | undefined
  readonly nowMs: number
}

/**
 * Writes a mirror in the place of the Lease that was seen, or of none. Answers with a Lease that is there and was not seen; it is left alone.
 * Throws `Conflict` when the one that was seen has changed.
 */
export async function writeMirror(
  { api, namespace, name, mirror, owner, nowMs }: MirrorWrite,
  seen: Lease | undefined,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const said = { ...mirrorMetadata(mirror), ...(owner === undefined ? {} : { ownerReferences: [owner] }) }
  const spec = mirrorSpec(mirror, seen, nowMs)
  if (seen !== undefined) {
    const body = { metadata: { resourceVersion: seen.resourceVersion, ...said }, spec }
    await api.patch(LEASES, { namespace, name }, { kind: 'merge', body }, {}, signal)
    return undefined
  }
  const metadata = { namespace, name, ...said }
  try {
    await api.create(LEASES, namespace, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }, signal)
    return undefined
  } catch (error) {
    if (!(error instanceof KubeError && error.failure.code === 'AlreadyExists')) throw error
    return await readLease(api, { namespace, name }, signal)
  }
}

/** Undefined when it is not there. */
export async function readLease(
  api: KubeApi,
  ref: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Lease | undefined> {
  try {
    return decodeLease(await api.get(LEASES, ref, signal)).value
  } catch (error) {
    if (error instanceof KubeError && error.failure.code === 'NotFound') return undefined
    throw error
  }
}
