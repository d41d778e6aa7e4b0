import { STATUS_REASONS } from './refuser.ts'

/**
 * What the proxy does to connections. `cut`: refuses new ones and resets the old; `hang`: takes them and passes nothing on; `status`:
 * ends the old, and answers every request on new ones with that HTTP status.
 */
export type ProxyFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'status'; readonly code: number }

export const NO_FAULT: ProxyFault = { kind: 'none' }

/** One line, as it goes over the control socket: `cut`, `delay 200`. */
export function formatFault(fault: ProxyFault): string {
  if (fault.kind === 'status') return `status ${fault.code}`
  return fault.kind === 'delay' ? `delay ${fault.delayMs}` : fault.kind
}

/** The inverse of `formatFault`; undefined for anything else. */
export function parseFault(line: string): ProxyFault | undefined {
  const [kind, argument, ...more] = line.trim().split(' ')
  if (kind === 'delay' && /^\d{1,6}$/.test(argument ?? '') && more.length === 0)
    return { kind, delayMs: Number(argument) }
  if (kind === 'status' && isStatusCode(argument) && more.length === 0) return { kind, code: Number(argument) }
  if (argument !== undefined) return undefined
  if (kind === 'none' || kind === 'cut' || kind === 'hang') return { kind }
  return undefined
}

/** Is it the text of a status that the lab can answer with? */
export function isStatusCode(text: string | undefined): boolean {
  return text !== undefined && Object.keys(STATUS_REASONS).includes(text)
}
