import { parseAllDocuments } from 'yaml'
import { CliError } from '#cli/cli-error.ts'
import type { FoundObject } from './migration.ts'

/** The objects of a file of YAML documents (or JSON, which is YAML), those in a `kind: List` one by one. Empty documents do not count. */
export function readDocuments(path: string, text: string): readonly FoundObject[] {
  const documents = parseAllDocuments(text)
  const found: FoundObject[] = []
  for (const [index, document] of [...documents].entries()) {
    const source = documents.length > 1 ? `${path}, document ${index + 1}` : path
    const error = document.errors[0]
    if (error !== undefined) {
      const [sentence = ''] = error.message.split('\n')
      throw new CliError(
        `${source} is no YAML: ${sentence.replace(/:$/, '')}`,
        'mend the file; nothing was printed for it',
      )
    }
    // An alias can be written so that it grows without end; `yaml` refuses such by throwing.
    found.push(
      ...itemsOf(
        source,
        toJson(source, () => document.toJS()),
      ),
    )
  }
  return found
}

function toJson(source: string, read: () => unknown): unknown {
  try {
    return read()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(`${source} cannot be read: ${message}`, 'write it without aliases', { cause })
  }
}

function itemsOf(source: string, object: unknown): readonly FoundObject[] {
  if (object === null || object === undefined) return []
  const { kind, items } = object as { readonly kind?: unknown; readonly items?: unknown }
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ source, object }]
  return items.map((item: unknown, index) => ({ source: `${source}, item ${index + 1}`, object: item }))
}

/** The YAML text inside the ConfigMap of old; undefined, with the reason, when it is none. */
export function parseConfigText(text: unknown): { readonly config: unknown; readonly problem: string } {
  if (typeof text !== 'string') return { config: undefined, problem: 'is not a text' }
  const [document, ...more] = parseAllDocuments(text)
  if (document === undefined) return { config: undefined, problem: '' }
  const error = document.errors[0]?.message.split('\n')[0]?.replace(/:$/, '')
  if (error !== undefined) return { config: undefined, problem: `is no YAML: ${error}` }
  if (more.length > 0) return { config: undefined, problem: 'has more than one document' }
  try {
    return { config: document.toJS(), problem: '' }
  } catch (cause) {
    return { config: undefined, problem: cause instanceof Error ? cause.message : String(cause) }
  }
}
