/** Writes that an API server has answered, by resource, from its metric `apiserver_request_total`. */
export type ApiWrites = ReadonlyMap<string, number>

const WRITES = /^apiserver_request_total\{(.*)\} (\S+)$/
const VERBS = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'])

/** By `VERB resource/subresource`. Leases are left out: they are renewed by the clock. */
export function parseApiWrites(metrics: string): ApiWrites {
  const writes = new Map<string, number>()
  for (const line of metrics.split('\n')) {
    const [, text = '', value = ''] = WRITES.exec(line) ?? []
    const label = (name: string): string => RegExp(`(?:^|,)${name}="([^"]*)"`).exec(text)?.[1] ?? ''
    if (!VERBS.has(label('verb')) || label('resource') === 'leases') continue
    const subresource = label('subresource')
    const key = `${label('verb')} ${label('resource')}${subresource === '' ? '' : `/${subresource}`}`
    writes.set(key, (writes.get(key) ?? 0) + Number(value))
  }
  return writes
}

/** What was written between two looks; what was not is left out. */
export function writesBetween(before: ApiWrites, after: ApiWrites): Readonly<Record<string, number>> {
  const grown = Array.from(after, ([key, count]) => [key, count - (before.get(key) ?? 0)] as const)
  return Object.fromEntries(grown.filter(([, count]) => count > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
