import { type KubeApi, KubeError } from '#ports/kube-api.ts'

/**
 * The API as a leader has it: nothing is written once the term is over by the clock. A process that was stopped in the middle of its work
 * goes on with it before any timer tells that another leads by now, and what it holds of the others' work is old.
 */
export function createTermApi(api: KubeApi, isCurrent: () => boolean): KubeApi {
  const write = async <T>(request: () => Promise<T>): Promise<T> => {
    if (isCurrent()) return await request()
    throw new KubeError({ code: 'Conflict', message: 'The term of this leader is over: another may lead' })
  }
  return {
    get: (resource, ref, signal) => api.get(resource, ref, signal),
    list: (resource, options, signal) => api.list(resource, options, signal),
    pages: (resource, options, signal) => api.pages(resource, options, signal),
    watch: (resource, options, signal) => api.watch(resource, options, signal),
    create: (resource, namespace, object, signal) => write(() => api.create(resource, namespace, object, signal)),
    replace: (resource, ref, object, signal) => write(() => api.replace(resource, ref, object, signal)),
    patch: (resource, ref, patch, options, signal) => write(() => api.patch(resource, ref, patch, options, signal)),
    delete: (resource, ref, signal) => write(() => api.delete(resource, ref, signal)),
    close: () => api.close(),
  }
}
