import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { binDir } from '#tools/cache.ts'

export const HELM = join(binDir(), 'helm')
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
  return helm('template', 'balise', CHART, '--namespace', 'kube-system', ...valuesFile(values), ...args)
}

/** What an installation would say at its end. */
export function notesOf(values: string | undefined, ...args: readonly string[]): string {
  const where = ['--dry-run=client', '--namespace', 'kube-system']
  const said = helm('install', 'balise', CHART, ...where, ...valuesFile(values), ...args)
  return said.slice(said.indexOf('\nNOTES:\n') + 1)
}

function valuesFile(values: string | undefined): readonly string[] {
  return values === undefined ? [] : ['--values', join(import.meta.dirname, 'values', `${values}.yaml`)]
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
