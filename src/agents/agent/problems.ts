import type { Problem } from '#api/agent.ts'
import type { Clock } from '#ports/clock.ts'
import type { Log } from '#ports/log.ts'

export type Finding = Omit<Problem, 'since'>

/** Remembers since when each problem is there, and says in the log when one comes and goes. */
export class Problems {
  readonly #clock: Clock
  readonly #log: Log
  readonly #onNew: (finding: Finding) => void
  readonly #since = new Map<string, string>()
  #current: readonly Problem[] = []

  /** `onNew` hears of each that was not there at the last look. */
  constructor(clock: Clock, log: Log, onNew: (finding: Finding) => void = () => undefined) {
    this.#clock = clock
    this.#log = log
    this.#onNew = onNew
  }

  current(): readonly Problem[] {
    return this.#current
  }

  /** All that are there now. */
  update(findings: readonly Finding[]): void {
    const now = new Date(this.#clock.nowMs()).toISOString()
    const there = new Set(findings.map(nameOf))
    for (const { component, code, message } of this.#current) {
      if (!there.has(`${component} ${code} ${message}`))
        this.#log.info('Problem gone', { component, code, problem: message })
    }
    for (const name of this.#since.keys()) if (!there.has(name)) this.#since.delete(name)
    for (const finding of findings) {
      if (this.#since.has(nameOf(finding))) continue
      this.#since.set(nameOf(finding), now)
      const fields = { component: finding.component, code: finding.code, problem: finding.message }
      if (finding.severity === 'error') this.#log.error('Problem', fields)
      else this.#log.warn('Problem', fields)
      this.#onNew(finding)
    }
    this.#current = findings
      .map((finding) => ({ ...finding, since: this.#since.get(nameOf(finding)) ?? now }))
      .toSorted((a, b) => (a.severity === b.severity ? 0 : a.severity === 'error' ? -1 : 1))
  }
}

function nameOf({ component, code, message }: Finding): string {
  return `${component} ${code} ${message}`
}
