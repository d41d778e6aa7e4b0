import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { binDir } from '#tools/cache.ts'

const HELM = join(binDir(), 'helm')
const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'chart/balise')

/** For `skip` of a test: false, or why helm is not there. */
export const WITHOUT_HELM: string | false = existsSync(HELM) ? false : `there is no ${HELM}: npm run lab builds it`

/** Runs helm; throws with what it said when it fails. */
export function helm(...args: readonly string[]): string {
  return execFileSync(HELM, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** What the chart renders to in namespace kube-system, with a file of `values/` or without one. */
export function render(values: string | undefined, ...args: readonly string[]): string {
  const files = values === undefined ? [] : ['--values', join(import.meta.dirname, 'values', `${values}.yaml`)]
  return helm('template', 'balise', CHART, '--namespace', 'kube-system', ...files, ...args)
}

export interface RenderedObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [field: string]: unknown
}

export function parseObjects(rendered: string): readonly RenderedObject[] {
  return parseAllDocuments(rendered)
    .map((document) => document.toJS() as RenderedObject | null)
    .filter((object) => object !== null)
}
