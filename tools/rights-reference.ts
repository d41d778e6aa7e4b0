import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { furtherRights, rightsOf, rightsTable } from './rights.ts'

const RENDERED = join(import.meta.dirname, '../test/chart/testdata')

/** The rights of an account by default: the golden files of the chart are what it renders to. */
export function defaultRights(account: string): string {
  return rightsTable(rightsOf(rendered('default'), account))
}

/** What comes with `metallb.enabled` and `nodeIPAM.enabled`. */
export function optionalRights(account: string): string {
  return rightsTable(furtherRights(rightsOf(rendered('metallb'), account), rightsOf(rendered('default'), account)))
}

function rendered(name: string): string {
  return readFileSync(join(RENDERED, `${name}.yaml`), 'utf8')
}
