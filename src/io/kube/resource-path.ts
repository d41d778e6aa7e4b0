import type { KubeResource, ListOptions } from '#ports/kube-api.ts'

/** `/apis/cilium.io/v2/ciliumloadbalancerippools/blue/status` */
export function resourcePath(
  resource: KubeResource,
  place: { readonly namespace?: string | undefined; readonly name?: string; readonly subresource?: string | undefined },
): string {
  const { group, version, plural, namespaced } = resource
  const { namespace, name, subresource } = place
  const parts = [
    group === '' ? 'api' : `apis/${group}`,
    version,
    ...(namespaced && namespace !== undefined ? ['namespaces', encodeURIComponent(namespace)] : []),
    plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ]
  return `/${parts.join('/')}`
}

export function selectQuery({ labelSelector, fieldSelector }: ListOptions): Record<string, string> {
  return {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
}

export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}
