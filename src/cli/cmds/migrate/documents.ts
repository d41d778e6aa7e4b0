import { CliError } from '#cli/cli-error.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import type { FoundObject } from './migration.ts'

/** The objects of a file of YAML documents (or JSON), those in a `kind: List` one by one. Empty documents do not count. */
export function readDocuments(path: string, text: string): readonly FoundObject[] {
  const documents = parseYaml(text)
  return documents.flatMap((document, index) => {
    const source = documents.length > 1 ? `${path}, document ${index + 1}` : path
    if (document.ok) return itemsOf(source, document.value)
    throw new CliError(`${source} ${document.error.problem}`, 'mend the file, and run this again')
  })
}

function itemsOf(source: string, object: unknown): readonly FoundObject[] {
  if (object === null || object === undefined) return []
  const { kind, items } = object as { readonly kind?: unknown; readonly items?: unknown }
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ source, object }]
  return items.map((item: unknown, index) => ({ source: `${source}, item ${index + 1}`, object: item }))
}
