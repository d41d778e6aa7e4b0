import type { LabelRequirement, LabelSelector } from '#model/selector.ts'

/** A selector as it is written in a manifest (meta/v1 LabelSelector): single values as `matchLabels`. */
export function selectorJson({ requirements }: LabelSelector): Readonly<Record<string, unknown>> {
  const labels: Record<string, string> = {}
  const expressions: LabelRequirement[] = []
  for (const requirement of requirements) {
    const { key, operator, values } = requirement
    const [only] = values
    const isPlain = operator === 'In' && values.length === 1 && only !== undefined && !Object.hasOwn(labels, key)
    if (isPlain) labels[key] = only
    else expressions.push(requirement)
  }
  return {
    ...(Object.keys(labels).length === 0 ? {} : { matchLabels: labels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions.map(expressionJson) }),
  }
}

function expressionJson({ key, operator, values }: LabelRequirement): Readonly<Record<string, unknown>> {
  return values.length === 0 ? { key, operator } : { key, operator, values }
}

/** Both must match. */
export function bothOf(a: LabelSelector, b: LabelSelector): LabelSelector {
  return { requirements: [...a.requirements, ...b.requirements] }
}

/** One selector that selects what any of several does; undefined where Kubernetes has no way to write that as one. */
export function anyOf(selectors: readonly LabelSelector[]): LabelSelector | undefined {
  const [first] = selectors
  if (first === undefined || selectors.length === 1) return first
  if (selectors.some(({ requirements }) => requirements.length === 0)) return { requirements: [] }
  const singles = selectors.map(({ requirements }) => (requirements.length === 1 ? requirements[0] : undefined))
  const key = singles[0]?.key
  const areValuesOfOne = singles.every((one) => one?.operator === 'In' && one.key === key)
  if (!areValuesOfOne || key === undefined) return undefined
  const values = [...new Set(singles.flatMap((one) => one?.values ?? []))]
  return { requirements: [{ key, operator: 'In', values }] }
}

export function inSelector(key: string, values: readonly string[]): LabelSelector {
  return { requirements: [{ key, operator: 'In', values }] }
}
