import pino from 'pino'
import type { Log, LogFields } from '#ports/log.ts'

export interface LogOptions {
  /** `agent`, `operator` */
  readonly component: string
  readonly level: 'error' | 'warn' | 'info' | 'debug'
}

/** JSON lines on stderr, a constant sentence in `msg` and the fields beside it; times in RFC 3339. Written at once: nothing is lost at a crash. */
export function createLog({ component, level }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: { component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    error: (sentence, fields: LogFields = {}) => logger.error(fields, sentence),
    warn: (sentence, fields: LogFields = {}) => logger.warn(fields, sentence),
    info: (sentence, fields: LogFields = {}) => logger.info(fields, sentence),
    debug: (sentence, fields: LogFields = {}) => logger.debug(fields, sentence),
  }
}
