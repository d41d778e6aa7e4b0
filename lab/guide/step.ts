import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import type { LabState } from '#lab/state/lab-state.ts'

/** Which lines of a long output are shown: the first so many, or those that match. */
export type Excerpt = number | RegExp

/** What a step of a guide has at hand. */
export interface GuideContext {
  readonly lab: LabState
  readonly hierarchies: readonly Hierarchy[]
  readonly signal: AbortSignal | undefined
  /** Helm's arguments that install Balise's chart, as the guide has them. */
  readonly install: readonly string[]
  /** Runs the lab's kubectl, shows the command and what it printed, and gives that. */
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** The same, showing the part that a reader would `grep` for. */
  kubectlExcerpt(args: readonly string[], excerpt: Excerpt): Promise<string>
  /** Runs kubectl without showing it: for what is asked again and again. */
  ask(args: readonly string[]): Promise<string>
  /** The same as `kubectl` for the lab's helm. */
  helm(args: readonly string[], excerpt?: Excerpt): Promise<string>
  /** The same for a program on a host. */
  on(host: string, argv: readonly string[], excerpt?: Excerpt): Promise<string>
  /** The same for the command line of Balise, in an agent's pod on that node. */
  balise(node: string, argv: readonly string[], excerpt?: Excerpt): Promise<string>
  /** Asks until there is an answer; past a minute the step has failed. */
  until(what: string, ask: () => Promise<string | boolean>): Promise<string | true>
  /** Shows a line to the reader. */
  show(line: string): void
}

/** One step of a guide: what it does, and whether what it expects came about (an error says what did not). */
export interface GuideStep {
  readonly title: string
  readonly run: (context: GuideContext) => Promise<void>
}

/** An expectation of the guide that did not come about. */
export class GuideFailure extends Error {
  override readonly name: string = 'GuideFailure'
}

/** Throws with both texts when `actual` does not match. */
export function expect(what: string, actual: string, wanted: RegExp): void {
  if (!wanted.test(actual)) throw new GuideFailure(`${what}: expected ${wanted}, got ${JSON.stringify(actual.trim())}`)
}
