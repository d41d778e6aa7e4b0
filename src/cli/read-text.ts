import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CliError } from './cli-error.ts'

/** A file as text; `-` is stdin. */
export async function readTextFile(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(`The file ${path} cannot be read: ${message}`, 'name a file of YAML or JSON, or - for stdin', {
      cause,
    })
  }
}
