import { MisuseError } from '#cli/cli-error.ts'
import type { Flags } from '#cli/command.ts'
import { formatTable } from '#cli/table.ts'
import { compareIp, formatIp } from '#model/ip.ts'
import type { Lb4Key } from '#wire/bpf/lb4-key.ts'
import { flagWords } from './flag-words.ts'
import type { LbDump } from './run.ts'

/** A line of the table: what stands left, and what belongs to it. */
type LbRow = readonly [left: string, right: string]

interface LbViewSpec {
  readonly headings: LbRow
  readonly rows: (dump: LbDump) => readonly LbRow[]
}

export type LbViewName = 'all' | 'frontends' | 'backends' | 'revnat'

const BACKEND_HEADING = 'BACKEND ADDRESS (REVNAT_ID) (SLOT)'

/** The views of `cilium-dbg bpf lb list`. */
export const LB_VIEWS: { readonly [V in LbViewName]: LbViewSpec } = {
  all: { headings: ['SERVICE ADDRESS', BACKEND_HEADING], rows: slotRows },
  frontends: { headings: ['SERVICE ADDRESS', 'BACKEND ID'], rows: frontendRows },
  backends: { headings: ['ID', BACKEND_HEADING], rows: backendRows },
  revnat: { headings: ['ID', BACKEND_HEADING], rows: reverseNatRows },
}

/** What the flags ask for; two of them are one too many. */
export function chooseLbView(flags: Flags): LbViewName {
  const [chosen = 'all', other] = (['frontends', 'backends', 'revnat'] as const).filter((name) => flags[name] === true)
  if (other !== undefined) throw new MisuseError(`--${chosen} and --${other} exclude each other`, 'give one of them')
  return chosen
}

export function renderLbRows(headings: LbRow, rows: readonly LbRow[]): string {
  return formatTable([headings, ...rows])
}

export function renderBpfLbList(dump: LbDump): string {
  return renderLbRows(LB_VIEWS.all.headings, LB_VIEWS.all.rows(dump))
}

/** What is left as the key of an object with the list of what is right, as Cilium has it. */
export function lbRowsForMachines(rows: readonly LbRow[]): unknown {
  return Object.fromEntries(rows.map(([left, right]) => [left, [right]]))
}

export function lbDumpForMachines(dump: LbDump): unknown {
  return lbRowsForMachines(LB_VIEWS.all.rows(dump))
}

/** Slot 0 is the head: no backend, but the flags in words. */
function slotRows({ services, backends }: LbDump): readonly LbRow[] {
  return sorted(services).map(({ key, service }) => {
    const left = `${frontend(key)} (${key.slot})`
    const ids = `(${service.frontendId}) (${key.slot})`
    if (key.slot === 0)
      return [left, `${hostPort(UNSPECIFIED[key.address.family], 0)} ${ids} [${flagWords(service.flags)}]`]
    const backend = backends.get(service.backendOrAffinity)
    if (backend === undefined) return [left, `backend ${service.backendOrAffinity} not found`]
    return [left, `${hostPort(formatIp(backend.address), backend.port)}/${backend.protocol} ${ids}`]
  })
}

function frontendRows({ services }: LbDump): readonly LbRow[] {
  return sorted(services).map(({ key, service }) => [
    `${frontend(key)} (${key.slot})`,
    `${service.backendOrAffinity} ${service.count}[${service.qcount}] (${service.frontendId}) [0x${service.flags.toString(16)}]`,
  ])
}

function backendRows({ backends }: LbDump): readonly LbRow[] {
  return byId(backends).map(([id, backend]) => [
    String(id),
    `${backend.protocol}://${hostPort(formatIp(backend.address), backend.port)}`,
  ])
}

function reverseNatRows({ reverseNat }: LbDump): readonly LbRow[] {
  return byId(reverseNat).map(([id, { address, port }]) => [String(id), hostPort(formatIp(address), port)])
}

const UNSPECIFIED = { IPv4: '0.0.0.0', IPv6: '::' } as const

/** `10.96.0.10:53/UDP`, with `/i` for the backends that only the cluster sees. */
function frontend({ address, port, protocol, scope }: Lb4Key): string {
  return `${hostPort(formatIp(address), port)}/${protocol}${scope === 'internal' ? '/i' : ''}`
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function byId<V>(map: ReadonlyMap<number, V>): readonly (readonly [number, V])[] {
  return [...map].toSorted(([a], [b]) => a - b)
}

function sorted<E extends { readonly key: Lb4Key }>(entries: readonly E[]): readonly E[] {
  return entries.toSorted(({ key: a }, { key: b }) => compareKeys(a, b))
}

function compareKeys(a: Lb4Key, b: Lb4Key): number {
  return (
    compareIp(a.address, b.address) ||
    a.port - b.port ||
    compareText(a.protocol, b.protocol) ||
    compareText(a.scope, b.scope) ||
    a.slot - b.slot
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
