export type Labels = Readonly<Record<string, string>>

/** A Kubernetes label selector (meta/v1 LabelSelector): every requirement must hold; none selects everything. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
}

export interface LabelRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /** For `In` and `NotIn`; empty for the others. */
  readonly values: readonly string[]
}

export const SELECT_ALL: LabelSelector = { requirements: [] }

/** `NotIn` and `DoesNotExist` hold for an object that lacks the key, as in Kubernetes. */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => requirementHolds(requirement, labels))
}

function requirementHolds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/** `app=nginx,tier in (a,b),!canary`: the way kubectl writes a selector; `<all>` for one without requirements. */
export function formatSelector(selector: LabelSelector): string {
  if (selector.requirements.length === 0) return '<all>'
  return selector.requirements.map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
  }
}

/** The two keys that Cilium's service selectors see beside a Service's own labels; a user's label of that name never wins. */
const SERVICE_NAMESPACE_KEY = 'io.kubernetes.service.namespace'
const SERVICE_NAME_KEY = 'io.kubernetes.service.name'

/** What a Cilium `serviceSelector` is evaluated against. */
export function serviceSelectorLabels(service: {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
}): Labels {
  return { ...service.labels, [SERVICE_NAMESPACE_KEY]: service.namespace, [SERVICE_NAME_KEY]: service.name }
}
