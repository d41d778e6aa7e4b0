import { kubectl } from '#lab/cluster/kubectl.ts'
import { runOn } from '#lab/machine/inside.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { LabError } from '#lab/state/lab-error.ts'
import type { LabState } from '#lab/state/lab-state.ts'
import { seconds } from '#lab/progress.ts'
import { type GuideContext, GuideFailure, type GuideStep } from './step.ts'

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
      return 1
    }
    write(`  ok, ${seconds(performance.now() - startedMs)}`)
  }
  return 0
}

function contextOf({ lab, hierarchies, signal, write }: Walk): GuideContext {
  const shown = async (command: string, run: () => Promise<string>): Promise<string> => {
    write(`  $ ${command}`)
    const output = await run()
    for (const line of output.trimEnd().split('\n')) if (line !== '') write(`    ${line}`)
    return output
  }
  const words = (argv: readonly string[]): string =>
    argv.map((word) => (/[\s*$"'|]/.test(word) ? `'${word}'` : word)).join(' ')
  return {
    lab,
    hierarchies,
    signal,
    show: (line) => write(`    ${line}`),
    kubectl: (args, input) =>
      shown(`kubectl ${words(args)}`, () =>
        kubectl(lab.name, args, { signal, ...(input === undefined ? {} : { input }) }),
      ),
    on: (host, argv) =>
      shown(`balise lab exec ${host} -- ${words(argv)}`, () => runOn({ lab: lab.name, host }, hierarchies, argv)),
    balise: async (node, argv) => {
      const selector = ['-l', 'app.kubernetes.io/component=agent', `--field-selector=spec.nodeName=${node}`]
      const pod = (
        await kubectl(lab.name, ['get', 'pod', '-n', 'kube-system', ...selector, '-o', 'name'], { signal })
      ).trim()
      return shown(`kubectl exec -n kube-system ${pod} -- balise ${words(argv)}`, () =>
        kubectl(lab.name, ['exec', '-n', 'kube-system', pod, '-c', 'agent', '--', 'balise', ...argv], { signal }),
      )
    },
  }
}
