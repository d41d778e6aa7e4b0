import type { Mistake } from '#model/condition.ts'
import type { Labels } from '#model/selector.ts'
import type { SharingRequest } from '#model/service-request.ts'
import { shorten } from './place.ts'
import {
  type AnnotationInForce,
  annotationInForce,
  annotationPath,
  SHARING_CROSS_NAMESPACE,
  SHARING_DIFFERENT_PODS,
  SHARING_KEY,
} from './request-annotations.ts'

interface SharingAnswer {
  readonly value: SharingRequest | undefined
  readonly remarks: readonly Mistake[]
}

/**
 * With whom a Service shares its address. A key of MetalLB's dialect shares with all namespaces, as there; one of Cilium's only with those
 * that an annotation names. An empty key shares with nobody.
 */
export function readSharing(annotations: Labels): SharingAnswer {
  const key = annotationInForce(annotations, SHARING_KEY)
  const cross = annotationInForce(annotations, SHARING_CROSS_NAMESPACE)
  const pods = annotationInForce(annotations, SHARING_DIFFERENT_PODS)
  if (key === undefined || key.text === '') {
    return {
      value: undefined,
      remarks: [cross, pods].flatMap((lone) => (lone === undefined ? [] : [withoutKey(lone)])),
    }
  }
  const remarks: Mistake[] = []
  const unnamed = key.family === 'metallb' ? 'all' : []
  const namespaces = cross === undefined ? unnamed : readNamespaces(cross, remarks)
  const differentPods = pods !== undefined && readSwitch(pods, remarks)
  return { value: { key: key.text, namespaces, differentPods }, remarks }
}

function withoutKey({ key, text }: AnnotationInForce): Mistake {
  const problem = 'has no effect without a sharing key'
  return {
    path: annotationPath(key),
    value: shorten(text),
    problem,
    remedy: 'add annotation lbipam.cilium.io/sharing-key, or remove this one',
  }
}

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Comma list or `*`. White space is cut off, unlike in Cilium, where an entry with a space before it names no namespace. */
function readNamespaces({ key, text }: AnnotationInForce, remarks: Mistake[]): 'all' | readonly string[] {
  const entries = text.split(',').map((entry) => entry.trim())
  if (entries.includes('*')) return 'all'
  return entries.filter((value) => {
    const isNamespace = NAMESPACE.test(value)
    const remedy = 'write names of namespaces with commas between them, or * for all'
    if (!isNamespace && value !== '')
      remarks.push({
        path: annotationPath(key),
        value: shorten(value),
        problem: 'cannot be the name of a namespace',
        remedy,
      })
    return isNamespace
  })
}

function readSwitch({ key, text: value }: AnnotationInForce, remarks: Mistake[]): boolean {
  if (value !== 'true' && value !== 'false') {
    const problem = 'is neither true nor false, so it counts as false'
    remarks.push({ path: annotationPath(key), value: shorten(value), problem, remedy: 'write "true" or "false"' })
  }
  return value === 'true'
}
