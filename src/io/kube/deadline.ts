/** A signal that aborts with its parent or after a time. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #onParent = (): void => this.#controller.abort(this.#parent?.reason)
  hasPassed = false

  constructor(parent: AbortSignal | undefined, afterMs: number) {
    this.#parent = parent
    this.extend(afterMs)
    if (parent?.aborted === true) this.#onParent()
    else parent?.addEventListener('abort', this.#onParent, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on so long. */
  extend(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.hasPassed = true
      this.#controller.abort(new Error('Timed out'))
    }, afterMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#parent?.removeEventListener('abort', this.#onParent)
  }
}
