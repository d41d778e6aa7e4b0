import { compileInterfacePattern } from '#model/interface-pattern.ts'
import type { L2Policy } from '#model/l2-policy.ts'

/** Which interfaces a policy selects. */
export interface InterfaceMatch {
  /** In the order in which they were given. */
  readonly names: readonly string[]
  /** Patterns or names that fit none of them: the classic mistake. */
  readonly unmatched: readonly string[]
}

/**
 * No pattern selects all. One that does not compile selects none; the policy's decoder has named it to the user. MetalLB writes names, not
 * patterns: `eth1` is not `eth10` there.
 */
export function matchInterfaces(
  { kind, interfaces }: Pick<L2Policy, 'kind' | 'interfaces'>,
  names: readonly string[],
): InterfaceMatch {
  if (interfaces.length === 0) return { names, unmatched: [] }
  const match = kind === 'CiliumL2AnnouncementPolicy' ? matchPattern : matchName
  const hits = interfaces.map((text) => match(text, names))
  const matched = new Set(hits.flat())
  return {
    names: names.filter((name) => matched.has(name)),
    unmatched: interfaces.filter((_, index) => hits[index]?.length === 0),
  }
}

function matchPattern(text: string, names: readonly string[]): readonly string[] {
  const compiled = compileInterfacePattern(text)
  return compiled.ok ? names.filter((name) => compiled.value.test(name)) : []
}

function matchName(text: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => name === text)
}
