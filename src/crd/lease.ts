import type { Lease } from '#model/lease.ts'
import { readMetadata, readTime } from './metadata.ts'
import { type Decoded, field, readInteger, readText, rootPlace } from './place.ts'

/** A coordination.k8s.io/v1 Lease. */
export function decodeLease(object: unknown): Decoded<Lease> {
  const root = rootPlace(object)
  const metadata = readMetadata(root)
  if (metadata === undefined) return { value: undefined, mistakes: root.mistakes }
  const { namespace, name, resourceVersion, labels, annotations } = metadata
  const spec = field(root, 'spec')
  const value: Lease = {
    namespace,
    name,
    resourceVersion,
    labels,
    annotations,
    holder: readText(field(spec, 'holderIdentity')),
    renewTimeMs: readTime(field(spec, 'renewTime')),
    acquireTimeMs: readTime(field(spec, 'acquireTime')),
    durationSeconds: readInteger(field(spec, 'leaseDurationSeconds'), 0),
    transitions: readInteger(field(spec, 'leaseTransitions'), 0),
  }
  return { value, mistakes: root.mistakes }
}
