import { diagnose } from '#lab/cluster/diagnose.ts'
import { kubectl } from '#lab/cluster/kubectl.ts'
import { runOn } from '#lab/machine/inside.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { LabError } from '#lab/state/lab-error.ts'
import type { LabState } from '#lab/state/lab-state.ts'
import { seconds } from '#lab/progress.ts'
import { type Excerpt, type GuideContext, GuideFailure, type GuideStep } from './step.ts'

export interface Walk {
  readonly lab: LabState
  readonly hierarchies: readonly Hierarchy[]
  readonly steps: readonly GuideStep[]
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

function contextOf({ lab, hierarchies, signal, write }: Walk): GuideContext {
  const shown = async (command: string, run: () => Promise<string>, part?: Excerpt): Promise<string> => {
    write(`  $ ${command}`)
    const output = await run()
    for (const line of excerpt(output, part)) write(`    ${line}`)
    return output
  }
  const words = (argv: readonly string[]): string =>
    argv.map((word) => (/[\s*$"'|]/.test(word) ? `'${word}'` : word)).join(' ')
  return {
    lab,
    hierarchies,
    signal,
    show: (line) => write(`    ${line}`),
    kubectl: (args, input) => {
      const given = input === undefined ? '' : `\n${input.trimEnd()}`.replaceAll('\n', '\n    | ')
      return shown(`kubectl ${words(args)}${given}`, () =>
        kubectl(lab.name, args, { signal, ...(input === undefined ? {} : { input }) }),
      )
    },
    on: (host, argv, part) =>
      shown(`balise lab exec ${host} -- ${words(argv)}`, () => runOn({ lab: lab.name, host }, hierarchies, argv), part),
    balise: async (node, argv, part) => {
      const selector = ['-l', 'app.kubernetes.io/component=agent', `--field-selector=spec.nodeName=${node}`]
      const pod = (
        await kubectl(lab.name, ['get', 'pod', '-n', 'kube-system', ...selector, '-o', 'name'], { signal })
      ).trim()
      const inPod = ['exec', '-n', 'kube-system', pod, '-c', 'agent', '--', 'balise', ...argv]
      return shown(
        `kubectl exec -n kube-system ${pod} -- balise ${words(argv)}`,
        () => kubectl(lab.name, inPod, { signal }),
        part,
      )
    },
  }
}

/** The lines to show of an output, and how many more there are. */
export function excerpt(output: string, part: Excerpt | undefined): readonly string[] {
  const lines = output.trimEnd().split('\n').filter(Boolean)
  const kept = part instanceof RegExp ? lines.filter((line) => part.test(line)) : lines.slice(0, part ?? lines.length)
  return kept.length === lines.length ? lines : [...kept, `(${lines.length - kept.length} more)`]
}
