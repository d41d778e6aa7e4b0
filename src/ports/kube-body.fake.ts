/** The rules that the API server has for bodies of requests, as pure functions; what it refuses they throw. */
import { jsonPatch, mergePatch } from './json-patch.fake.ts'
import { KubeError, type KubeObject, type PatchBody } from './kube-api.ts'
import type { ResourceRules } from './kube-store.fake.ts'

type RefusalCode = 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Gone' | 'Invalid'

export function refused(code: RefusalCode, message: string): KubeError {
  return new KubeError({ code, message })
}

export function checkVersion(before: KubeObject, object: KubeObject): void {
  const { resourceVersion } = object.metadata
  if (resourceVersion === undefined || resourceVersion === before.metadata.resourceVersion) return
  throw refused('Conflict', `"${before.metadata.name}" has been modified; apply your changes to the latest version`)
}

export function patched(before: KubeObject, patch: Exclude<PatchBody, { readonly kind: 'apply' }>): unknown {
  if (patch.kind === 'merge') return mergePatch(before, patch.body)
  const answer = jsonPatch(before, patch.body)
  if (!answer.ok) throw refused('Invalid', answer.error)
  return answer.value
}

export function withStatusOf(object: KubeObject, before: KubeObject): KubeObject {
  const { status: _status, ...rest } = object
  return before['status'] === undefined ? rest : { ...rest, status: before['status'] }
}

export function partOf(
  rules: ResourceRules,
  before: KubeObject,
  object: KubeObject,
  subresource: 'status' | undefined,
): KubeObject {
  if (subresource === 'status') return { ...before, status: object['status'] }
  return rules.hasStatus ? withStatusOf(object, before) : object
}

/** What an apply may set: the status through `/status` alone, everything else through the object alone. */
export function applicable(
  { hasStatus }: ResourceRules,
  { status, ...rest }: Record<string, unknown>,
  subresource: 'status' | undefined,
): Record<string, unknown> {
  if (subresource === 'status') return { status }
  return hasStatus ? rest : { ...rest, ...(status !== undefined && { status }) }
}
