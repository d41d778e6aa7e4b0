import type { NodeView } from '#l2/candidates.ts'
import { isLeaseLive, type LeaseSight, leaseDeadlineMs, observeLease, refreshSight } from '#l2/liveness.ts'
import { decodeNodeFacts, NO_FACTS, NODE_FACTS_ANNOTATION, type NodeFacts } from '#l2/node-facts.ts'
import { formatMistake } from '#model/condition.ts'
import type { Lease } from '#model/lease.ts'
import type { Node } from '#model/node.ts'
import type { Clock } from '#ports/clock.ts'

interface Reading {
  readonly text: string
  readonly facts: NodeFacts
  readonly mistake: string | undefined
}

/** What the other nodes say, and whether they live, as this observer sees it. */
export class NodeViews {
  readonly #clock: Clock
  readonly #nodeName: string
  #sights = new Map<string, LeaseSight>()
  #readings = new Map<string, Reading>()

  constructor(clock: Clock, nodeName: string) {
    this.#clock = clock
    this.#nodeName = nodeName
  }

  /** Takes note of the Leases as they are now. */
  observe(leases: Iterable<Lease>): void {
    const now = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.nowMs() }
    const sights = new Map<string, LeaseSight>()
    const readings = new Map<string, Reading>()
    for (const { holder, renewTimeMs, durationSeconds, annotations } of leases) {
      if (holder === '') continue
      const reading = { renewTimeMs, durationMs: durationSeconds * 1000 }
      sights.set(holder, observeLease(this.#sights.get(holder), reading, now))
      readings.set(holder, readFacts(annotations[NODE_FACTS_ANNOTATION] ?? '', this.#readings.get(holder)))
    }
    this.#sights = sights
    this.#readings = readings
  }

  /** This observer was cut off from the API until now: who was live at `cutOffMs` gets a whole duration to show itself. */
  refresh(cutOffMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [name, sight] of this.#sights) this.#sights.set(name, refreshSight(sight, cutOffMs, nowMs))
  }

  /** All nodes, by name. This node is live, and its facts are `own`. */
  views(nodes: ReadonlyMap<string, Node>, own: NodeFacts): readonly NodeView[] {
    const nowMs = this.#clock.monotonicMs()
    return [...nodes.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, labels }): NodeView => {
        if (name === this.#nodeName) return { name, labels, lease: 'live', facts: own, mistake: undefined }
        const sight = this.#sights.get(name)
        const reading = this.#readings.get(name)
        return {
          name,
          labels,
          lease: sight === undefined ? 'absent' : isLeaseLive(sight, nowMs) ? 'live' : 'expired',
          facts: reading?.facts ?? NO_FACTS,
          mistake: reading?.mistake,
        }
      })
  }

  /** When the next Lease runs out unless it is renewed; undefined when none can. */
  nextDeadlineMs(): number | undefined {
    const nowMs = this.#clock.monotonicMs()
    const deadlines = [...this.#sights]
      .filter(([name]) => name !== this.#nodeName)
      .map(([, sight]) => leaseDeadlineMs(sight))
      .filter((deadlineMs) => deadlineMs >= nowMs)
    return deadlines.length === 0 ? undefined : Math.min(...deadlines)
  }
}

/** The facts of an unchanged text are the very same object. */
function readFacts(text: string, before: Reading | undefined): Reading {
  if (before?.text === text) return before
  const decoded = decodeNodeFacts(text)
  return decoded.ok
    ? { text, facts: decoded.value, mistake: undefined }
    : { text, facts: NO_FACTS, mistake: decoded.error.map(formatMistake).join('; ') }
}
