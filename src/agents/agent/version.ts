import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of package.json, which lies beside the bundle or at the top of a checkout; `unknown` where it does not. */
export function baliseVersion(): string {
  for (const folder of [import.meta.dirname, join(import.meta.dirname, '../../..')]) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }).version
    } catch {
      // it may lie in the other folder
    }
  }
  return 'unknown'
}
