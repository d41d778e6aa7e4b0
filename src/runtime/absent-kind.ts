import type { Clock } from '#ports/clock.ts'
import { type KubeApi, KubeError, type KubeList, type ListOptions, type KubeResource } from '#ports/kube-api.ts'
import type { WatchEvent } from '#ports/kube-api.ts'

/** As much of the API as an informer needs. */
export type ListAndWatch = Pick<KubeApi, 'pages' | 'watch'>

/** How often it is looked whether a kind is served by now. */
const ABSENT_LOOK_MS = 30_000
/** Stands for the version of a list that nobody served. */
const ABSENT = 'absent'

/**
 * For kinds of other projects, which a cluster need not have: while the API does not serve one it counts as listed and empty, and is looked
 * for at intervals. One that is no longer served is empty again, if it is not served some time later either.
 */
export function absentIsEmpty(api: ListAndWatch, clock: Clock): ListAndWatch {
  return {
    async *pages(resource, options, signal) {
      const first = await firstOrAbsent(api.pages(resource, options, signal))
      if (first === 'absent') yield { items: [], resourceVersion: ABSENT }
      else yield* first
    },
    async *watch(resource, options, signal) {
      if (options.resourceVersion === ABSENT) yield* watchForKind(api, clock, resource, options, signal)
      else yield* watchServed(api, clock, resource, options, signal)
    },
  }
}

/** All pages, of which the first has been read; a list of several pages is never half absent. */
async function firstOrAbsent(pages: AsyncIterable<KubeList>): Promise<AsyncIterable<KubeList> | 'absent'> {
  const iterator = pages[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    return rest(first, iterator)
  } catch (error) {
    if (isNotFound(error)) return 'absent'
    throw error
  }
}

async function* rest(first: IteratorResult<KubeList>, iterator: AsyncIterator<KubeList>): AsyncGenerator<KubeList> {
  for (let page = first; page.done !== true; page = await iterator.next()) yield page.value
}

/** Nothing for a while; then what there is, when the kind has come. */
async function* watchForKind(
  api: ListAndWatch,
  clock: Clock,
  resource: KubeResource,
  { resourceVersion: _absent, ...select }: ListOptions & { readonly resourceVersion: string },
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  await clock.sleep(ABSENT_LOOK_MS, signal)
  const pages = await firstOrAbsent(api.pages(resource, select, signal))
  if (pages === 'absent') return
  let resourceVersion = ''
  for await (const page of pages) {
    for (const object of page.items) yield { type: 'ADDED', object }
    resourceVersion = page.resourceVersion
  }
  yield { type: 'BOOKMARK', resourceVersion }
}

async function* watchServed(
  api: ListAndWatch,
  clock: Clock,
  resource: KubeResource,
  options: ListOptions & { readonly resourceVersion: string },
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  try {
    yield* api.watch(resource, options, signal)
  } catch (error) {
    if (!isNotFound(error)) throw error
    // What is deleted with its definition has been seen to go. What is still held must not go because a server has just started.
    await clock.sleep(ABSENT_LOOK_MS, signal)
    const message = `The API no longer serves ${resource.plural}`
    throw new KubeError({ code: 'Gone', message }, { cause: error })
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.failure.code === 'NotFound'
}
