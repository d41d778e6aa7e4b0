import { compileInterfacePattern } from '#model/interface-pattern.ts'

/** Which interfaces a policy's patterns select. */
export interface InterfaceMatch {
  /** In the order in which they were given. */
  readonly names: readonly string[]
  /** Patterns that match none of them: the classic mistake. */
  readonly unmatched: readonly string[]
}

/** No pattern selects all. One that does not compile selects none; the policy's decoder has named it to the user. */
export function matchInterfaces(patterns: readonly string[], names: readonly string[]): InterfaceMatch {
  if (patterns.length === 0) return { names, unmatched: [] }
  const hits = patterns.map((pattern) => {
    const compiled = compileInterfacePattern(pattern)
    return compiled.ok ? names.filter((name) => compiled.value.test(name)) : []
  })
  const matched = new Set(hits.flat())
  return {
    names: names.filter((name) => matched.has(name)),
    unmatched: patterns.filter((_, index) => hits[index]?.length === 0),
  }
}
