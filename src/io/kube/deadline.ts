/** A signal that aborts with its parent or after a time, unless lifted. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  readonly #onParent = (): void => this.#controller.abort(this.#parent?.reason)
  hasPassed = false

  constructor(parent: AbortSignal | undefined, afterMs: number) {
    this.#parent = parent
    this.#timer = setTimeout(() => {
      this.hasPassed = true
      this.#controller.abort(new Error('Timed out'))
    }, afterMs)
    if (parent?.aborted === true) this.#onParent()
    else parent?.addEventListener('abort', this.#onParent, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** No longer after a time: only with the parent. */
  lift(): void {
    clearTimeout(this.#timer)
  }

  end(): void {
    this.lift()
    this.#parent?.removeEventListener('abort', this.#onParent)
  }
}
