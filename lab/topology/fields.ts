import { formatPrefix, type Prefix, parsePrefix } from '#model/prefix.ts'
import { formatIp, type Ip, parseIp } from '#model/ip.ts'

/** Reads fields of unknown YAML and gathers what is wrong with them; every mistake bears the path and the value. */
export class FieldReader {
  readonly mistakes: string[] = []

  fail(path: string, rule: string): void {
    this.mistakes.push(`${path}: ${rule}`)
  }

  /** An object whose keys are all known; an empty one where there is none. */
  object(value: unknown, path: string, known?: readonly string[]): Readonly<Record<string, unknown>> {
    if (value === undefined || value === null) return {}
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.fail(path, `${show(value)} is no object`)
      return {}
    }
    for (const key of Object.keys(value)) {
      if (known && !known.includes(key)) this.fail(`${path}.${key}`, `unknown; known are ${known.join(', ')}`)
    }
    return value as Readonly<Record<string, unknown>>
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    this.fail(path, value === undefined ? 'missing' : `${show(value)} is no list`)
    return []
  }

  text(value: unknown, path: string, rule: { readonly pattern: RegExp; readonly wanted: string }): string {
    if (typeof value === 'string' && rule.pattern.test(value)) return value
    this.fail(path, value === undefined ? 'missing' : `${show(value)} is ${rule.wanted}`)
    return ''
  }

  integer(value: unknown, path: string, { from, to }: { readonly from: number; readonly to: number }): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value
    this.fail(path, `${show(value)} is no number from ${from} to ${to}`)
    return from
  }

  choice<T extends string>(value: unknown, path: string, options: readonly T[], byDefault?: T): T {
    const found = options.find((option) => option === value)
    if (found !== undefined) return found
    if (value !== undefined || byDefault === undefined)
      this.fail(path, `${show(value)} is none of ${options.join(', ')}`)
    return byDefault ?? (options[0] as T)
  }

  /** One value or a list of them, as a list; `undefined` in it stands for what is missing. */
  oneOrMore(value: unknown): readonly unknown[] {
    return Array.isArray(value) && value.length > 0 ? value : [value]
  }

  /** One prefix or one of each family, IPv4 first, without host bits. */
  prefixes(value: unknown, path: string): readonly Prefix[] {
    const read = this.oneOrMore(value).flatMap((each) => this.#prefix(each, path) ?? [])
    this.#families(
      read.map(({ address }) => address),
      path,
    )
    if (new Set(read.map(({ address }) => address.family)).size < read.length) this.fail(path, 'two of one family')
    return read
  }

  #prefix(value: unknown, path: string): Prefix | undefined {
    const parsed = parsePrefix(String(value))
    if (!parsed.ok) {
      this.fail(path, value === undefined ? 'missing' : `${show(value)} is no prefix like 192.168.10.0/24`)
      return undefined
    }
    if (formatPrefix(parsed.value) !== value)
      this.fail(path, `${show(value)} has host bits; the prefix is ${formatPrefix(parsed.value)}`)
    return parsed.value
  }

  /** One address or several, the first of them IPv4. */
  addresses(value: unknown, path: string): readonly Ip[] {
    const read = this.oneOrMore(value).flatMap((each) => {
      const parsed = parseIp(String(each))
      if (parsed.ok) return [parsed.value]
      this.fail(path, each === undefined ? 'missing' : `${show(each)} is no address like 192.168.10.2`)
      return []
    })
    this.#families(read, path)
    return read
  }

  #families(read: readonly Ip[], path: string): void {
    if (read[0]?.family === 'IPv6') this.fail(path, `${formatIp(read[0])} comes first; IPv4 has to`)
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
