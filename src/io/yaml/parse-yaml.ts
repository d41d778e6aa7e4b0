import { type Document, parseAllDocuments } from 'yaml'
import { err, ok, type Result } from '#model/result.ts'

/** Why a document could not be read, as a sentence fragment: `is no YAML: ...`. */
export interface YamlDefect {
  readonly code: 'NotYaml'
  readonly problem: string
}

/**
 * The documents of a text of YAML (or of JSON, which is YAML), one by one; a bad one does not stop the others. An empty one is null. Helm
 * still reads YAML 1.1, in which `yes` and `on` are true.
 */
export function parseYaml(text: string, version: '1.1' | '1.2' = '1.2'): readonly Result<unknown, YamlDefect>[] {
  return [...parseAllDocuments(text, { version })].map(readDocument)
}

function readDocument(document: Document): Result<unknown, YamlDefect> {
  const error = document.errors[0]
  if (error !== undefined) return defect(`is no YAML: ${firstLine(error.message)}`)
  try {
    return ok(document.toJS())
  } catch (cause) {
    // Aliases can be written so that they grow without end; the package refuses such by throwing.
    return defect(`cannot be read: ${firstLine(cause instanceof Error ? cause.message : String(cause))}`)
  }
}

function defect(problem: string): Result<never, YamlDefect> {
  return err({ code: 'NotYaml', problem })
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '')
}
