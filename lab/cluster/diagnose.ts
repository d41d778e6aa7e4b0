import { attempt } from '#lab/process/run.ts'
import { binDir } from '#tools/cache.ts'
import { join } from 'node:path'
import { adminKubeconfig } from './kubectl.ts'

/** What somebody would ask first when Balise does not do what it should; each line fits a screen. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['get', 'pods', '-A', '-o', 'wide'],
  ['get', 'events', '-A', '--field-selector=type=Warning'],
  ['logs', '-n', 'kube-system', '-l', 'app.kubernetes.io/part-of=balise', '--tail=8', '--prefix', '--all-containers'],
]
const LINES_EACH = 25
const LINE_CHARACTERS = 240

/** Asks them, and gives the answers as indented lines. Never throws: it runs where something has failed already. */
export async function diagnose(lab: string): Promise<readonly string[]> {
  const lines: string[] = []
  for (const question of QUESTIONS) {
    const argv = [
      join(binDir(), 'kubectl'),
      `--kubeconfig=${adminKubeconfig(lab)}`,
      '--request-timeout=5s',
      ...question,
    ]
    const { stdout, stderr } = await attempt(argv, { boundMs: 10_000 })
    const answer = (stdout || stderr).trimEnd().split('\n').slice(-LINES_EACH)
    lines.push(`  $ kubectl ${question.join(' ')}`, ...answer.map((line) => `    ${line.slice(0, LINE_CHARACTERS)}`))
  }
  return lines
}
