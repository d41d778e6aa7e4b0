import pino from 'pino'
import type { Log, LogFields } from '#ports/log.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface LogOptions {
  readonly level: LogLevel
  /** Which part of Balise speaks: `agent`, `operator`. On every line. */
  readonly component?: string
  /** On every line as well. */
  readonly fields?: LogFields
  /** Takes whole lines; standard output when unset. */
  readonly write?: (line: string) => void
}

/** A log of JSON lines: `level` and `time` (RFC 3339) first, the sentence as `message`, then the fields. Written at once. */
export function createLog({ level, component, fields, write }: LogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { ...(component !== undefined && { component }), ...fields },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: serializeError, cause: serializeError },
  }
  const destination = write === undefined ? pino.destination({ dest: 1, sync: true }) : { write }
  return wrap(pino(options, destination))
}

/** The same log with fields on every line of a part. */
export function childLog(log: Log, fields: LogFields): Log {
  const add = (more: LogFields | undefined): LogFields => ({ ...fields, ...more })
  return {
    error: (sentence, more) => log.error(sentence, add(more)),
    warn: (sentence, more) => log.warn(sentence, add(more)),
    info: (sentence, more) => log.info(sentence, add(more)),
    debug: (sentence, more) => log.debug(sentence, add(more)),
  }
}

function wrap(logger: pino.Logger): Log {
  return {
    error: (sentence, fields) => logger.error(fields ?? {}, sentence),
    warn: (sentence, fields) => logger.warn(fields ?? {}, sentence),
    info: (sentence, fields) => logger.info(fields ?? {}, sentence),
    debug: (sentence, fields) => logger.debug(fields ?? {}, sentence),
  }
}

/** Errors have their facts in `failure` and their reason in `cause`; a text or a value stays as it is. */
function serializeError(value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const { name, message, stack, cause } = value
  const failure: unknown = Reflect.get(value, 'failure')
  return {
    name,
    message,
    ...(failure !== undefined && { failure }),
    ...(failure === undefined && { stack }),
    ...(cause !== undefined && { cause: serializeError(cause) }),
  }
}
