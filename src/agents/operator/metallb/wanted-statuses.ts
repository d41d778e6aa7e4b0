import type { ServiceL2Status } from '#crd/metallb/service-l2-status.ts'

/** The statuses that Services are to have. */
export interface WantedStatuses {
  /** By name. */
  readonly statuses: ReadonlyMap<string, ServiceL2Status>
  /** What a Service is to have by now, by name; undefined when it is gone. Answers with the names of what it was to have and is to have. */
  put(key: string, own: ReadonlyMap<string, ServiceL2Status> | undefined): Iterable<string>
}

export function createWantedStatuses(): WantedStatuses {
  const statuses = new Map<string, ServiceL2Status>()
  const names = new Map<string, readonly string[]>()
  return {
    statuses,
    put(key, own) {
      const before = names.get(key) ?? []
      for (const name of before) statuses.delete(name)
      for (const [name, status] of own ?? []) statuses.set(name, status)
      const now = [...(own?.keys() ?? [])]
      if (now.length === 0) names.delete(key)
      else names.set(key, now)
      return [...before, ...now]
    },
  }
}
