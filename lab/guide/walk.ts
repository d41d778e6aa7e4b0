import { diagnose } from '#lab/cluster/diagnose.ts'
import { helm } from '#lab/cluster/helm.ts'
import { kubectl } from '#lab/cluster/kubectl.ts'
import { runOn } from '#lab/machine/inside.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { waitFor } from '#lab/process/wait.ts'
import { LabError } from '#lab/state/lab-error.ts'
import type { LabState } from '#lab/state/lab-state.ts'
import { CHECKOUT } from '#lab/state/paths.ts'
import { seconds } from '#lab/progress.ts'
import { type Excerpt, type GuideContext, GuideFailure, type GuideStep } from './step.ts'

export interface Walk {
  readonly lab: LabState
  readonly hierarchies: readonly Hierarchy[]
  readonly steps: readonly GuideStep[]
  /** Helm's arguments that install Balise. */
  readonly install: readonly string[]
  readonly signal: AbortSignal | undefined
  readonly write: (line: string) => void
}

/** Walks a guide: each step with its commands and results. The rest is left out after one that failed. Gives how many failed. */
export async function walkGuide(walk: Walk): Promise<number> {
  const { steps, write, signal } = walk
  const context = contextOf(walk)
  for (const [at, step] of steps.entries()) {
    write('')
    write(`Step ${at + 1} of ${steps.length}: ${step.title}`)
    const startedMs = performance.now()
    try {
      await step.run(context)
    } catch (error) {
      if (signal?.aborted || !(error instanceof GuideFailure || error instanceof LabError)) throw error
      write(`  FAILED after ${seconds(performance.now() - startedMs)}: ${error.message}`)
      const left = steps.length - at - 1
      if (left > 0) write(`  ${left} more not tried`)
      for (const line of await diagnose(walk.lab.name)) write(line)
      return 1
    }
    write(`  ok, ${seconds(performance.now() - startedMs)}`)
  }
  if (steps.length > 0) write(`\nAll ${steps.length} steps passed`)
  return 0
}

const UNTIL_BOUND_MS = 60_000

function contextOf({ lab, hierarchies, install, signal, write }: Walk): GuideContext {
  const shown = async (command: string, run: () => Promise<string>, part?: Excerpt): Promise<string> => {
    write(`  $ ${command}${filter(part)}`)
    const output = await run()
    for (const line of excerpt(output, part)) write(`    ${line}`)
    return output
  }
  const ask = (args: readonly string[]): Promise<string> => kubectl(lab.name, args, { signal })
  return {
    lab,
    hierarchies,
    signal,
    install,
    show: (line) => write(`    ${line}`),
    ask,
    kubectl: (args, input) => {
      const given = input === undefined ? '' : `\n${input.trimEnd()}`.replaceAll('\n', '\n    | ')
      return shown(`kubectl ${words(args)}${given}`, () =>
        kubectl(lab.name, args, { signal, ...(input === undefined ? {} : { input }) }),
      )
    },
    kubectlExcerpt: (args, part) => shown(`kubectl ${words(args)}`, () => ask(args), part),
    helm: (args, part) => shown(`helm ${words(args)}`, () => helm(lab.name, args, { signal }), part),
    on: (host, argv, part) =>
      shown(`balise lab exec ${host} -- ${words(argv)}`, () => runOn({ lab: lab.name, host }, hierarchies, argv), part),
    balise: async (node, argv, part) => {
      const selector = ['-l', 'app.kubernetes.io/component=agent', `--field-selector=spec.nodeName=${node}`]
      const pod = (await ask(['get', 'pod', '-n', 'kube-system', ...selector, '-o', 'name'])).trim()
      const inPod = ['exec', '-n', 'kube-system', pod, '-c', 'agent', '--', 'balise', ...argv]
      return shown(`kubectl exec -n kube-system ${pod} -- balise ${words(argv)}`, () => ask(inPod), part)
    },
    until: (what, question) => {
      const answered = async (): Promise<string | true | undefined> => (await question()) || undefined
      return waitFor(answered, { what, boundMs: UNTIL_BOUND_MS, everyMs: 100, signal })
    },
  }
}

/** A command as one would type it in the checkout. */
function words(argv: readonly string[]): string {
  return argv
    .map((word) => word.replace(`${CHECKOUT}/`, ''))
    .map((word) => (/[\s*$"'|{}]/.test(word) ? `'${word}'` : word))
    .join(' ')
}

/** What a shell would do to the output, to see the part of it. */
export function filter(part: Excerpt | undefined): string {
  if (part === undefined) return ''
  return part instanceof RegExp ? ` | grep -E '${part.source}'` : ` | head -n ${part}`
}

/** The lines to show of an output. */
export function excerpt(output: string, part: Excerpt | undefined): readonly string[] {
  const lines = output.trimEnd().split('\n').filter(Boolean)
  return part instanceof RegExp ? lines.filter((line) => part.test(line)) : lines.slice(0, part ?? lines.length)
}
