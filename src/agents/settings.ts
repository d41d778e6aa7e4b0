import { parsePrefix, type Prefix } from '#model/prefix.ts'
import { err, ok, type Result } from '#model/result.ts'

/** One setting of a process: the tables of these feed the reader, the help, the chart and the reference. */
export interface Option<T> {
  readonly env: string
  /** For people: `text`, `seconds`, `port`, ... */
  readonly type: string
  /** As it would be written; undefined when it must be given. */
  readonly fallback: string | undefined
  readonly sentence: string
  /** The value, or what is wrong with the text: a sentence fragment. */
  readonly parse: (text: string) => Result<T, string>
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>

export interface ConfigMistake {
  readonly env: string
  readonly value: string
  readonly problem: string
}

type Parsed<O> = O extends { readonly parse: (text: string) => infer R }
  ? Extract<R, { readonly ok: true }> extends { readonly value: infer T }
    ? T
    : never
  : never

/** The settings that a table describes, checked. */
export type Settings<T extends OptionTable> = { readonly [K in keyof T]: Parsed<T[K]> }

/** Reads the environment: all mistakes at once, or the settings. An empty variable is an unset one. */
export function readSettings<T extends OptionTable>(
  table: T,
  environment: Readonly<Record<string, string | undefined>>,
): Result<Settings<T>, readonly ConfigMistake[]> {
  const mistakes: ConfigMistake[] = []
  const settings: Record<string, unknown> = {}
  for (const [name, { env, fallback, parse }] of Object.entries<Option<unknown>>(table)) {
    const text = environment[env] || fallback
    const parsed = text === undefined ? err('is not set') : parse(text)
    if (parsed.ok) settings[name] = parsed.value
    else mistakes.push({ env, value: text ?? '', problem: parsed.error })
  }
  return mistakes.length > 0 ? err(mistakes) : ok(settings as Settings<T>)
}

/** `BALISE_HEALTH_PORT "x" is not a whole number from 0 to 65535` */
export function formatConfigMistake({ env, value, problem }: ConfigMistake): string {
  return value === '' ? `${env} ${problem}` : `${env} ${JSON.stringify(value)} ${problem}`
}

/** A DNS name as Kubernetes objects have. */
export function parseName(text: string): Result<string, string> {
  return /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)
    ? ok(text)
    : err('is not a name of lower-case letters, digits, - and .')
}

/** A qualified name (apimachinery, IsQualifiedName): of a label or a taint. */
export function parseQualifiedName(text: string): Result<string, string> {
  const match = /^(?:([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\/)?([A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)$/.exec(text)
  const isShort = (match?.[1] ?? '').length <= 253 && (match?.[2] ?? '').length <= 63
  return match !== null && isShort ? ok(text) : err('is not a key like example.com/name')
}

export function wholeNumber(min: number, max: number): (text: string) => Result<number, string> {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return number >= min && number <= max ? ok(number) : err(`is not a whole number from ${min} to ${max}`)
  }
}

export function oneOf<T extends string>(options: readonly T[]): (text: string) => Result<T, string> {
  return (text) => {
    const option = options.find((candidate) => candidate === text)
    return option === undefined ? err(`is none of ${options.join(', ')}`) : ok(option)
  }
}

export function parsePath(text: string): Result<string, string> {
  return text.startsWith('/') ? ok(text) : err('is not an absolute path')
}

/** Comma separated; blanks around an item do not count, and empty items are none. */
export function parseList(text: string): Result<readonly string[], string> {
  return ok(
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
}

export function parseBoolean(text: string): Result<boolean, string> {
  return text === 'true' || text === 'false' ? ok(text === 'true') : err('is neither true nor false')
}

/** A list of CIDRs. */
export function parsePrefixes(text: string): Result<readonly Prefix[], string> {
  const items = text.split(',').map((item) => item.trim())
  const prefixes: Prefix[] = []
  for (const item of items.filter((item) => item !== '')) {
    const prefix = parsePrefix(item)
    if (!prefix.ok) return err(`has ${JSON.stringify(item)}, which is no CIDR like 10.0.0.0/8`)
    prefixes.push(prefix.value)
  }
  return ok(prefixes)
}
