import { formatRule, readDenial } from '#crd/denial.ts'
import type { KubeResource } from '#ports/kube-api.ts'
import type { Failure } from '#runtime/failure.ts'

/** What the operator wanted of a kind of object. */
export type Access = 'list and watch' | 'patch the status of' | 'patch' | 'read' | 'read and write' | 'write and delete'

/** What is wrong, and what makes it right, for a log that a newcomer reads. */
export interface ApiComplaint {
  readonly sentence: string
  readonly remedy: string
}

/** `Forbidden` and `NotFound` have a cause that somebody must remove; everything else passes by itself. */
export function complaintOf(resource: KubeResource, access: Access, failure: Failure): ApiComplaint {
  const kind = resource.plural
  switch (failure.code) {
    case 'Forbidden':
      return {
        sentence: `The API forbids to ${access} ${kind}`,
        remedy: `allow ${readDenial(failure.message)?.user ?? 'its account'}: ${ruleFor(resource, access)}`,
      }
    case 'Unauthorized':
      return { sentence: 'The API does not know this operator', remedy: 'check its service account and token' }
    case 'NotFound':
      return {
        sentence: `The API does not serve ${kind}`,
        remedy: `install the CustomResourceDefinition ${kind}.${resource.group}, version ${resource.version}, from the chart's folder crds`,
      }
    default:
      return {
        sentence: `Could not ${access} ${kind}`,
        remedy: 'none needed, it is tried again',
      }
  }
}

/** The RBAC rule that is missing, as it is written in a ClusterRole. */
function ruleFor({ group, plural }: KubeResource, access: Access): string {
  const rules: { readonly [A in Access]: { readonly resource: string; readonly verbs: readonly string[] } } = {
    'list and watch': { resource: plural, verbs: ['list', 'watch'] },
    'patch the status of': { resource: `${plural}/status`, verbs: ['patch'] },
    patch: { resource: plural, verbs: ['patch'] },
    'write and delete': { resource: plural, verbs: ['create', 'patch', 'delete'] },
    read: { resource: plural, verbs: ['get'] },
    'read and write': { resource: plural, verbs: ['get', 'create', 'update'] },
  }
  const { resource, verbs } = rules[access]
  return formatRule({ group, resource, verbs })
}
