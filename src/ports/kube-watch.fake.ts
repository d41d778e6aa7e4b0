import { KubeError, type KubeFailure, type KubeObject, type WatchEvent } from './kube-api.ts'
import type { FakeStore, StoredChange } from './kube-store.fake.ts'

/** How the fake ends or wakes the watches that are open. */
export interface WatchControl {
  /** Changes whenever all open watches are to end. */
  epoch: number
  /** What they end with; undefined: the server closes the stream. */
  ending: KubeFailure | undefined
  /** Sent as a bookmark to all open watches once it grows. */
  bookmark: number
  readonly wake: Set<() => void>
}

/** The events of a watch from a version on, as the view of its selectors sees them. */
export async function* watchStore(
  store: FakeStore,
  isSelected: (object: KubeObject) => boolean,
  fromVersion: number,
  control: WatchControl,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const { epoch } = control
  let version = fromVersion
  let bookmark = control.bookmark
  yield { type: 'BOOKMARK', resourceVersion: String(version) }
  for (;;) {
    signal.throwIfAborted()
    const changes = store.since(version)
    if (changes === undefined) throw new KubeError({ code: 'Gone', message: `The version ${version} is too old` })
    for (const change of changes) {
      version = change.version
      const event = viewOf(change, isSelected)
      if (event !== undefined) yield structuredClone(event)
    }
    if (control.epoch !== epoch) {
      if (control.ending !== undefined) throw new KubeError(control.ending)
      return
    }
    if (control.bookmark > bookmark) {
      bookmark = control.bookmark
      version = Math.max(version, bookmark)
      yield { type: 'BOOKMARK', resourceVersion: String(version) }
    }
    if (store.since(version)?.length === 0) await untilWoken(store, control, signal)
  }
}

function viewOf(change: StoredChange, isSelected: (object: KubeObject) => boolean): WatchEvent | undefined {
  const was = change.before !== undefined && isSelected(change.before)
  const is = change.type !== 'DELETED' && isSelected(change.object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: change.object }
  return was ? { type: 'DELETED', object: change.object } : undefined
}

async function untilWoken(store: FakeStore, control: WatchControl, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve } = Promise.withResolvers<void>()
  const stopListening = store.onChange(resolve)
  control.wake.add(resolve)
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await promise
  signal.removeEventListener('abort', onAbort)
  control.wake.delete(resolve)
  stopListening()
}
