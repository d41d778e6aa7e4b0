import type { Mistake } from '#model/condition.ts'
import { formatIp, type Ip, parseIp } from '#model/ip.ts'
import { type Mac, parseMac } from '#model/mac.ts'
import { formatPrefix, parsePrefix, type Prefix } from '#model/prefix.ts'
import { err, ok, type Result } from '#model/result.ts'

/** The annotation of a node's Lease that holds its facts as JSON. */
export const NODE_FACTS_ANNOTATION = 'balise.io/l2'

/** The label of a node's Lease, and its value. */
export const LEASE_KIND_LABEL = 'balise.io/kind'
export const LEASE_KIND_NODE = 'node'

/** What every agent tells the others about its node: the input of the election. */
export interface NodeFacts {
  /** Devices on which the agent can answer, by name. */
  readonly devices: readonly NodeDevice[]
  /** Addresses that the node answers for, as text, and since when (wall clock of that node, milliseconds since 1970). */
  readonly holds: ReadonlyMap<string, number>
}

export interface NodeDevice {
  readonly name: string
  readonly mac: Mac | undefined
  readonly prefixes: readonly Prefix[]
  readonly carrier: boolean
}

export const NO_FACTS: NodeFacts = { devices: [], holds: new Map() }

/** `balise-node-<node>` */
export function nodeLeaseName(node: string): string {
  return `balise-node-${node}`
}

/** Same facts, same text: devices and addresses are sorted. */
export function encodeNodeFacts(facts: NodeFacts): string {
  const devices = facts.devices.toSorted(byName).map(({ name, mac, prefixes, carrier }) => ({
    name,
    ...(mac === undefined ? {} : { mac }),
    prefixes: prefixes.map(formatPrefix).toSorted(),
    carrier,
  }))
  const holds = Object.fromEntries([...facts.holds].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({ version: 1, devices, holds })
}

/**
 * All mistakes of a wrong text, never an exception. A newer version is a mistake too: its facts could mean something else. Fields that
 * are not known are passed over.
 */
export function decodeNodeFacts(text: string): Result<NodeFacts, readonly Mistake[]> {
  const json = parseJson(text)
  if (!isRecord(json)) return err([mistake('', text, 'is not a JSON object')])
  if (json['version'] !== 1)
    return err([mistake('version', show(json['version']), 'is not the version 1 that is known here')])
  const mistakes: Mistake[] = []
  const devices = decodeDevices(json['devices'], mistakes)
  const holds = decodeHolds(json['holds'], mistakes)
  return mistakes.length > 0 ? err(mistakes) : ok({ devices, holds })
}

function decodeDevices(json: unknown, mistakes: Mistake[]): readonly NodeDevice[] {
  if (!Array.isArray(json)) {
    mistakes.push(mistake('devices', show(json), 'is not a list'))
    return []
  }
  return json.flatMap((item: unknown, index) => decodeDevice(item, `devices[${index}]`, mistakes))
}

function decodeDevice(json: unknown, path: string, mistakes: Mistake[]): NodeDevice[] {
  if (!isRecord(json) || typeof json['name'] !== 'string' || typeof json['carrier'] !== 'boolean') {
    mistakes.push(mistake(path, show(json), 'lacks a name or carrier'))
    return []
  }
  const mac = parseMac(typeof json['mac'] === 'string' ? json['mac'] : '')
  const prefixes = decodePrefixes(json['prefixes'], `${path}.prefixes`, mistakes)
  return [{ name: json['name'], mac: mac.ok ? mac.value : undefined, prefixes, carrier: json['carrier'] }]
}

function decodePrefixes(json: unknown, path: string, mistakes: Mistake[]): readonly Prefix[] {
  if (!Array.isArray(json)) {
    mistakes.push(mistake(path, show(json), 'is not a list'))
    return []
  }
  return json.flatMap((item: unknown, index) => {
    const prefix = parsePrefix(typeof item === 'string' ? item : '')
    if (prefix.ok) return [prefix.value]
    mistakes.push(mistake(`${path}[${index}]`, show(item), 'is not a CIDR'))
    return []
  })
}

function decodeHolds(json: unknown, mistakes: Mistake[]): ReadonlyMap<string, number> {
  if (!isRecord(json)) {
    mistakes.push(mistake('holds', show(json), 'is not an object'))
    return new Map()
  }
  const holds = new Map<string, number>()
  for (const [text, since] of Object.entries(json)) {
    const ip = parseIp(text)
    if (!ip.ok) mistakes.push(mistake('holds', text, 'is not an IP address'))
    else if (typeof since !== 'number' || !Number.isFinite(since)) {
      mistakes.push(mistake(`holds[${text}]`, show(since), 'is not a time in milliseconds'))
    } else holds.set(formatIp(ip.value), since)
  }
  return holds
}

/** The longest text that a mistake repeats. */
const SHOWN_CHARACTERS = 60

function mistake(path: string, value: string, problem: string): Mistake {
  return {
    path: path === '' ? NODE_FACTS_ANNOTATION : `${NODE_FACTS_ANNOTATION} ${path}`,
    value: value.slice(0, SHOWN_CHARACTERS),
    problem,
    remedy: 'let the agent of that node write it, and run the same version everywhere',
  }
}

function show(json: unknown): string {
  return JSON.stringify(json) ?? ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // said by the caller, with the text
  }
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** Since when `facts` hold `ip`; undefined when they do not. */
export function heldSinceMs(facts: NodeFacts, ip: Ip): number | undefined {
  return facts.holds.get(formatIp(ip))
}
