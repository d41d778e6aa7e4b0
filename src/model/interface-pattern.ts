import { err, ok, type Result } from './result.ts'

/**
 * Patterns over interface names in Go's RE2 syntax (https://github.com/google/re2/wiki/Syntax), which is what policies and Helm values
 * of Cilium are written in, as JavaScript regular expressions. What RE2 has not (look-around, back references) is refused, so that a
 * pattern means the same here and there.
 */
export interface InterfacePatternDefect {
  readonly code: 'NotAnInterfacePattern'
  /** Sentence fragment: `uses look-ahead (?=`. */
  readonly problem: string
  readonly remedy: string
}

/** Unanchored: `eth1` also matches `eth10`. An empty pattern matches every name, as in Go. */
export function compileInterfacePattern(text: string): Result<RegExp, InterfacePatternDefect> {
  const translated = translate(text)
  if (!translated.ok) return translated
  try {
    return ok(new RegExp(translated.value.source, translated.value.flags))
  } catch (error) {
    return defect(`does not compile (${reasonOf(error)})`, remedyFor(text))
  }
}

function defect(problem: string, remedy: string): Result<never, InterfacePatternDefect> {
  return err({ code: 'NotAnInterfacePattern', problem, remedy })
}

/** `Invalid regular expression: /ens(/u: Unterminated group` without what the user knows. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (message.split(': ').at(-1) ?? message).toLowerCase()
}

function remedyFor(text: string): string {
  if (/^[*+?]/.test(text))
    return 'this is a regular expression, not a shell pattern: write .* for any characters, as in ^eth.*'
  if (/\*\*|\+\+/.test(text)) return 'write one repetition sign only'
  return 'write the name of an interface, or a regular expression like ^eth[0-9]+$; close every ( and [, and put \\ before a sign meant as itself'
}

interface Refusal {
  readonly starts: RegExp
  readonly problem: string
  readonly remedy: string
}

const REFUSED: readonly Refusal[] = [
  {
    starts: /^\(\?[=!]/,
    problem: 'uses look-ahead',
    remedy: 'RE2 has no (?= and (?!: list the interfaces that are meant',
  },
  {
    starts: /^\(\?<[=!]/,
    problem: 'uses look-behind',
    remedy: 'RE2 has no (?<= and (?<!: list the interfaces that are meant',
  },
  { starts: /^\(\?>/, problem: 'uses an atomic group', remedy: 'RE2 has no (?>: write (?:' },
  { starts: /^\\[1-9]/, problem: 'uses a back reference', remedy: 'RE2 has no \\1: write the text out' },
  { starts: /^\\k</, problem: 'uses a named back reference', remedy: 'RE2 has no \\k: write the text out' },
  {
    starts: /^\[\^?[^\]]*\[:\^/,
    problem: 'uses a negated class',
    remedy: 'write [^[:digit:]] instead of [[:^digit:]]',
  },
  { starts: /^\\C/, problem: 'uses \\C', remedy: 'write . for any character' },
  { starts: /^\(\?[a-zA-Z-]*U/, problem: 'uses the flag U', remedy: 'write *? instead of * where little is to match' },
  { starts: /^\(\?[a-zA-Z-]*\)/, problem: 'sets flags in its middle', remedy: 'write the flags at the start: (?i)' },
]

interface Rewrite {
  readonly starts: RegExp
  to(match: RegExpExecArray): string
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

/** Applied to the rest of the pattern from left to right; the first that starts there wins, else one character is taken as it is. */
const REWRITES: readonly Rewrite[] = [
  { starts: /^\(\?P</, to: () => '(?<' },
  { starts: /^\\A/, to: () => '^' },
  { starts: /^\\z/, to: () => '$' },
  { starts: /^\\a/, to: () => '\\x07' },
  { starts: /^\\Q([\s\S]*?)(?:\\E|$)/, to: ([, literal = '']) => literal.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&') },
  { starts: /^\\([pP])([A-Z])/, to: ([, kind, letter]) => `\\${kind}{${letter}}` },
  { starts: /^\\x\{([0-9A-Fa-f]{1,6})\}/, to: ([, digits]) => `\\u{${digits}}` },
  { starts: /^\\([^0-9A-Za-z])/, to: ([, sign = '']) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}` },
  { starts: /^\\./, to: ([escape]) => escape },
  { starts: /^\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]/, to: ([whole]) => rewriteClass(whole) },
  { starts: /^\{\d+(?:,\d*)?\}/, to: ([quantifier]) => quantifier },
  { starts: /^[{}\]]/, to: ([sign]) => `\\${sign}` },
]

function rewriteClass(whole: string): string {
  return whole
    .replace(/^(\[\^?)\]/, '$1\\]')
    .replace(/\[:(\w+):\]/g, (unknown, name: string) => POSIX_CLASSES[name] ?? unknown)
    .replace(/\\([^0-9A-Za-z\]\\^-])/g, (_, sign: string) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
}

function translate(text: string): Result<{ readonly source: string; readonly flags: string }, InterfacePatternDefect> {
  const leading = /^\(\?([ims]+)\)/.exec(text)
  let rest = leading === null ? text : text.slice(leading[0].length)
  let source = ''
  while (rest !== '') {
    const refusal = REFUSED.find(({ starts }) => starts.test(rest))
    if (refusal !== undefined) return defect(refusal.problem, refusal.remedy)
    const step = rewriteStart(rest)
    source += step.emitted
    rest = rest.slice(step.taken)
  }
  return ok({ source, flags: `u${[...new Set(leading?.[1])].join('')}` })
}

function rewriteStart(rest: string): { readonly emitted: string; readonly taken: number } {
  for (const { starts, to } of REWRITES) {
    const match = starts.exec(rest)
    if (match !== null) return { emitted: to(match), taken: match[0].length }
  }
  return { emitted: rest.charAt(0), taken: 1 }
}
