import type { Log, LogFields } from './log.ts'

interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly sentence: string
  readonly fields: LogFields
}

/** A log that keeps its lines for a test to look at. */
export interface FakeLog extends Log {
  readonly lines: readonly LogLine[]
}

export function createFakeLog(): FakeLog {
  const lines: LogLine[] = []
  const at =
    (level: LogLine['level']) =>
    (sentence: string, fields: LogFields = {}): void =>
      void lines.push({ level, sentence, fields })
  return { lines, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}
