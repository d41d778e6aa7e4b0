import { err, ok, type Result } from '#model/result.ts'

export interface PatternDefect {
  readonly code: 'NotARegularExpression'
  readonly pattern: string
  /** What the compiler says, in its words. */
  readonly detail: string
}

/** Character classes of RE2 and POSIX that JavaScript would read as something else. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  lower: 'a-z',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
  space: '\\s',
}

/**
 * An entry of `spec.interfaces`: a regular expression over interface names, unanchored, so that `eth1` matches `eth10`. Go's RE2 in the
 * form in which people write it: a leading `(?i)` and POSIX classes are understood too.
 */
export function compileInterfacePattern(pattern: string): Result<RegExp, PatternDefect> {
  const flags = pattern.startsWith('(?i)') ? 'i' : ''
  const source = (flags === 'i' ? pattern.slice(4) : pattern).replaceAll(
    /\[:(\^?)([a-z]+):\]/g,
    (whole, not: string, name: string) => (not === '' ? (POSIX_CLASSES[name] ?? whole) : whole),
  )
  try {
    return ok(new RegExp(source, `${flags}v`))
  } catch (first) {
    return compileLoosely(pattern, source, flags, first)
  }
}

/** RE2 lets `-` and other marks stand unescaped where the strict mode of JavaScript does not. */
function compileLoosely(pattern: string, source: string, flags: string, first: unknown): Result<RegExp, PatternDefect> {
  try {
    return ok(new RegExp(source, flags))
  } catch {
    const detail = first instanceof Error ? first.message.replace(/^.*: /s, '') : String(first)
    return err({ code: 'NotARegularExpression', pattern, detail })
  }
}

/** Which of `names` a policy's patterns select, and what is wrong with the patterns. No pattern selects all. */
export interface InterfaceMatch {
  readonly names: readonly string[]
  readonly defects: readonly PatternDefect[]
  /** Good patterns that match none of the names. */
  readonly unmatched: readonly string[]
}

export function matchInterfaces(patterns: readonly string[], names: readonly string[]): InterfaceMatch {
  if (patterns.length === 0) return { names, defects: [], unmatched: [] }
  const matched = new Set<string>()
  const defects: PatternDefect[] = []
  const unmatched: string[] = []
  for (const pattern of patterns) {
    const compiled = compileInterfacePattern(pattern)
    if (!compiled.ok) {
      defects.push(compiled.error)
      continue
    }
    const hits = names.filter((name) => compiled.value.test(name))
    if (hits.length === 0) unmatched.push(pattern)
    for (const name of hits) matched.add(name)
  }
  return { names: names.filter((name) => matched.has(name)), defects, unmatched }
}
