import { type Ip, parseIp } from '#model/ip.ts'

/** Folder of given addresses in the plugin's state folder: a file for each, whose name is the address. */
export const ADDRESSES_FOLDER = 'addresses'
/** Written by the plugin when a command fails, removed when the next pod gets its network. */
export const LAST_FAILURE_FILE = 'last-failure.json'

/** The last command that the plugin could not do. */
export interface PluginFailure {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Of the CNI specification, or above 99 the plugin's own. */
  readonly code: number
  readonly message: string
  /** `namespace/name`; empty when the command was about no pod. */
  readonly pod: string
  /** `ADD` */
  readonly command: string
}

/** Undefined when the file is not there or is none of the plugin's: it is about to be written then. */
export function readPluginFailure(text: string | undefined): PluginFailure | undefined {
  const json = parseJson(text ?? '')
  if (typeof json !== 'object' || json === null) return undefined
  const fields = json as Readonly<Record<string, unknown>>
  const textOf = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '')
  const numberOf = (name: string): number => (typeof fields[name] === 'number' ? fields[name] : 0)
  const [namespace, name] = [textOf('podNamespace'), textOf('podName')]
  return {
    atMs: numberOf('atMs'),
    code: numberOf('code'),
    message: textOf('message'),
    pod: name === '' ? '' : `${namespace}/${name}`,
    command: textOf('command'),
  }
}

/** The given addresses; what else may lie in the folder (a lock, a file under way) is passed over. */
export function readGivenAddresses(names: readonly string[]): readonly Ip[] {
  return names.flatMap((name) => {
    const ip = parseIp(name)
    return ip.ok ? [ip.value] : []
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the plugin writes it anew at its next failure
  }
}
