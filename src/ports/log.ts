export type LogFields = Readonly<Record<string, unknown>>

/** `error`: someone must act; `warn`: may need to; `info`: changes of state; `debug`: the rest. A constant sentence plus fields. */
export interface Log {
  error(sentence: string, fields?: LogFields): void
  warn(sentence: string, fields?: LogFields): void
  info(sentence: string, fields?: LogFields): void
  debug(sentence: string, fields?: LogFields): void
}
