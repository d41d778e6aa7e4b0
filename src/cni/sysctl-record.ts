/** What the agent changed of the kernel's settings in this boot, by name: what a clean-up puts back. */
export interface SysctlRecord {
  /** Of /proc/sys/kernel/random/boot_id; empty when it cannot be read. */
  readonly bootId: string
  readonly changed: Readonly<Record<string, { readonly before: string; readonly ours: string }>>
}

export function formatSysctlRecord(record: SysctlRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`
}

/** Undefined when there is none, or none that could be trusted. */
export function parseSysctlRecord(text: string | undefined): SysctlRecord | undefined {
  const json = parseJson(text ?? '')
  if (!isRecord(json) || typeof json['bootId'] !== 'string' || !isRecord(json['changed'])) return undefined
  const changed: Record<string, { readonly before: string; readonly ours: string }> = {}
  for (const [name, entry] of Object.entries(json['changed'])) {
    // a name that led out of /proc/sys would let a file change whatever the clean-up may write
    if (!/^net\/ipv[46]\/[\w./-]+$/.test(name) || name.includes('..') || !isRecord(entry)) return undefined
    const { before, ours } = entry
    if (typeof before !== 'string' || typeof ours !== 'string') return undefined
    changed[name] = { before, ours }
  }
  return { bootId: json['bootId'], changed }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // as if there were none: nothing is put back
  }
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
