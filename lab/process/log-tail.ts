import { existsSync, readFileSync } from 'node:fs'
import { LabError } from '#lab/state/lab-error.ts'

/** The last lines of a log, each cut to a readable length. */
export function logTail(file: string, lines: number): readonly string[] {
  if (!existsSync(file)) return []
  const all = readFileSync(file, 'utf8').trimEnd().split('\n').filter(Boolean)
  return all.slice(-lines).map((line) => (line.length > 300 ? `${line.slice(0, 300)}...` : line))
}

/** Lets work fail with what the programs it depends on said last. */
export async function explained<T>(logs: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof LabError)) throw cause
    const tails = logs.flatMap((file) => logTail(file, 5).map((line) => `  ${file.split('/').at(-1)}: ${line}`))
    throw new LabError([cause.message, ...tails].join('\n'), { cause })
  }
}
