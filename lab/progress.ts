/** One line for each step that takes time: what, and how long it took. */
export class Progress {
  readonly #startedMs = performance.now()
  readonly #write: (line: string) => void

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  note(text: string): void {
    this.#write(`${''.padStart(9)}${text}`)
  }

  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const result = await work()
    this.#write(`${seconds(performance.now() - startedMs).padStart(7)}  ${what}`)
    return result
  }

  /** Time since the first step. */
  get elapsedMs(): number {
    return performance.now() - this.#startedMs
  }
}

/** `12.3 s` */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
