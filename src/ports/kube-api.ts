/**
 * The Kubernetes API as Balise uses it: objects are unknown JSON here, `src/crd` reads them. The in-memory fake and the real client
 * pass the same contract suite (`kube-api.contract.ts`).
 */

/** One kind of object as the API serves it. */
export interface KubeResource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** `services`, `ciliumloadbalancerippools` */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

export interface KubeMetadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** An object as it comes over the wire. Only `metadata` is promised. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: KubeMetadata
  readonly [field: string]: unknown
}

export interface KubeRef {
  readonly name: string
  /** Only for namespaced resources. */
  readonly namespace?: string
}

export interface ListOptions {
  /** All namespaces when unset. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface KubeList {
  readonly items: readonly KubeObject[]
  /** Where a watch goes on from. */
  readonly resourceVersion: string
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export type PatchBody =
  /** RFC 7386 */
  | { readonly kind: 'merge'; readonly body: unknown }
  /** RFC 6902; with a `test` operation as the precondition. */
  | { readonly kind: 'json'; readonly body: readonly unknown[] }
  /** Server-side apply under `fieldManager`. */
  | { readonly kind: 'apply'; readonly body: unknown; readonly fieldManager: string; readonly force: boolean }

/**
 * What went wrong with a request, as data. `Conflict` is HTTP 409 with reason Conflict, `Gone` 410 (or a watch's ERROR with code 410):
 * list again. `Unreachable`: no answer at all.
 */
export type KubeFailure =
  | { readonly code: 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Gone' | 'Invalid'; readonly message: string }
  | { readonly code: 'Forbidden' | 'Unauthorized'; readonly message: string }
  | { readonly code: 'TooManyRequests'; readonly message: string; readonly retryAfterMs: number }
  | { readonly code: 'Unreachable' | 'ServerError' | 'TimedOut'; readonly message: string }

export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly failure: KubeFailure
  constructor(failure: KubeFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}

/** Every method rejects with a `KubeError` when the API says no or nothing, and with the signal's reason when that aborts. */
export interface KubeApi {
  get(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<KubeObject>
  /** All pages as one. */
  list(resource: KubeResource, options: ListOptions, signal?: AbortSignal): Promise<KubeList>
  /** Page by page, so that a big list need not be held whole. Each page has the same `resourceVersion`. At least one page. */
  pages(resource: KubeResource, options: ListOptions, signal: AbortSignal): AsyncIterable<KubeList>
  /**
   * Changes after `resourceVersion`. The first event is a bookmark of that version and says that the server has accepted the watch.
   * Ends when the server closes the stream; throws `Gone` when the version is too old.
   */
  watch(
    resource: KubeResource,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>
  create(
    resource: KubeResource,
    namespace: string | undefined,
    object: unknown,
    signal?: AbortSignal,
  ): Promise<KubeObject>
  /** PUT: a stale `metadata.resourceVersion` is a `Conflict`. */
  replace(resource: KubeResource, ref: KubeRef, object: unknown, signal?: AbortSignal): Promise<KubeObject>
  patch(
    resource: KubeResource,
    ref: KubeRef,
    patch: PatchBody,
    options?: { readonly subresource?: 'status' },
    signal?: AbortSignal,
  ): Promise<KubeObject>
  /** Deleting what is not there succeeds. */
  delete(resource: KubeResource, ref: KubeRef, signal?: AbortSignal): Promise<void>
  close(): void
}
