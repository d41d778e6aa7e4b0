import { LabError } from '#lab/state/lab-error.ts'
import { isStatusCode, type ProxyFault } from '#lab/proxy/fault.ts'
import { STATUS_REASONS } from '#lab/proxy/refuser.ts'

/** Something that goes wrong in a data centre, or the end of it. `hosts` empty: every node. */
export type Fault =
  | { readonly kind: 'node-crash' | 'node-restore' | 'link-down' | 'link-up' | 'agent-kill'; readonly host: string }
  | { readonly kind: 'api'; readonly fault: ProxyFault; readonly hosts: readonly string[] }
  | { readonly kind: 'partition'; readonly a: string; readonly b: string }
  | { readonly kind: 'heal' }

/** Every fault as it is typed, with what it does. */
export const FAULTS: readonly (readonly [usage: string, what: string])[] = [
  ['node-crash NODE', 'power off: its processes, its devices and its memory go; its disk stays'],
  ['node-restore NODE', 'power on again'],
  ['link-down HOST', "the switch's port of the host goes down: no carrier"],
  ['link-up HOST', 'the port comes up again'],
  ['api-cut [NODE...]', "the node's way to the API refuses and resets (all nodes where none is named)"],
  ['api-hang [NODE...]', 'the way to the API takes connections and passes nothing on'],
  ['api-delay MS [NODE...]', 'what goes to and from the API takes so much longer, each way'],
  ['api-status CODE [NODE...]', `every request to the API is answered with ${Object.keys(STATUS_REASONS).join(', ')}`],
  ['api-restore [NODE...]', 'the way to the API is as it was'],
  ['agent-kill NODE', "kill -9 of the node's agent; the kubelet starts it again"],
  ['partition HOST HOST', 'the switch passes nothing between the two'],
  ['heal', 'no partition any more'],
]

export interface KnownHosts {
  readonly hosts: readonly string[]
  readonly nodes: readonly string[]
}

/** Reads `fault KIND ARGUMENT...`; says what is wrong with it, and what there is. */
export function parseFaultCommand(words: readonly string[], known: KnownHosts): Fault {
  const [kind = '', ...rest] = words
  switch (kind) {
    case 'node-crash':
    case 'node-restore':
    case 'agent-kill':
      return { kind, host: only(kind, rest, known.nodes, 'node') }
    case 'link-down':
    case 'link-up':
      return { kind, host: only(kind, rest, known.hosts, 'host') }
    case 'api-cut':
      return { kind: 'api', fault: { kind: 'cut' }, hosts: some(rest, known.nodes) }
    case 'api-hang':
      return { kind: 'api', fault: { kind: 'hang' }, hosts: some(rest, known.nodes) }
    case 'api-restore':
      return { kind: 'api', fault: { kind: 'none' }, hosts: some(rest, known.nodes) }
    case 'api-delay':
      return {
        kind: 'api',
        fault: { kind: 'delay', delayMs: milliseconds(rest[0]) },
        hosts: some(rest.slice(1), known.nodes),
      }
    case 'api-status':
      return {
        kind: 'api',
        fault: { kind: 'status', code: statusCode(rest[0]) },
        hosts: some(rest.slice(1), known.nodes),
      }
    case 'partition':
      return partition(rest, known.hosts)
    case 'heal':
      if (rest.length > 0) throw new LabError('heal takes nothing: it ends every partition')
      return { kind: 'heal' }
    default:
      throw new LabError(
        [`No fault "${kind}"; there are`, ...FAULTS.map(([usage, what]) => `  ${usage.padEnd(27)}${what}`)].join('\n'),
      )
  }
}

function only(kind: string, names: readonly string[], known: readonly string[], what: string): string {
  const [name, ...more] = names
  if (name === undefined || more.length > 0) throw new LabError(`${kind} takes one ${what}: ${known.join(', ')}`)
  return checked(name, known, what)
}

function some(names: readonly string[], known: readonly string[]): readonly string[] {
  return names.length === 0 ? known : names.map((name) => checked(name, known, 'node'))
}

function checked(name: string, known: readonly string[], what: string): string {
  if (!known.includes(name)) throw new LabError(`No ${what} is called ${name}; there are ${known.join(', ')}`)
  return name
}

function milliseconds(text: string | undefined): number {
  if (text === undefined || !/^\d{1,6}$/.test(text))
    throw new LabError('api-delay takes milliseconds from 0 to 999999 first')
  return Number(text)
}

function statusCode(text: string | undefined): number {
  if (isStatusCode(text)) return Number(text)
  throw new LabError(`api-status takes one of ${Object.keys(STATUS_REASONS).join(', ')} first`)
}

function partition(names: readonly string[], known: readonly string[]): Fault {
  const [a, b, ...more] = names
  if (a === undefined || b === undefined || more.length > 0)
    throw new LabError(`partition takes two hosts of ${known.join(', ')}`)
  if (a === b) throw new LabError(`partition takes two hosts, not ${a} twice`)
  return { kind: 'partition', a: checked(a, known, 'host'), b: checked(b, known, 'host') }
}
