import { CONFLIST_NAME, type NetworkConf } from './conf-files.ts'

/** What may be asked for (`cni.mode` of the chart). */
export const WANTED_MODES = ['auto', 'full', 'chained', 'none'] as const
export type WantedMode = (typeof WANTED_MODES)[number]

/**
 * What is done: `full`: we are the pods' network; `chained`: another network is, our plugin runs behind it for host ports; `none`: nothing is
 * touched.
 */
export type Mode = 'full' | 'chained' | 'none'

export interface ModeInput {
  readonly wanted: WantedMode
  /** The mode of the configuration of ours that is in the folder; undefined when there is none. */
  readonly ownConf: Mode | undefined
  /** In the order in which a container runtime reads them. */
  readonly foreign: readonly NetworkConf[]
  /** Devices of this node that another network made. */
  readonly foreignDevices: readonly string[]
  /** Nodes, this one among them, that are Ready although no agent says that the network there is ours; undefined: not known yet. */
  readonly readyWithoutUs: readonly string[] | undefined
}

/** The mode with its reason, a sentence fragment; no mode while what decides is not known. */
export interface ModeDecision {
  readonly mode: Mode | undefined
  readonly why: string
}

/**
 * `auto` is full where nobody else makes the network: a cluster without a CNI. What is ours once stays so, whatever appears beside it, for pods
 * run on it; what is another's is never taken over unasked.
 */
export function decideMode({ wanted, ownConf, foreign, foreignDevices, readyWithoutUs }: ModeInput): ModeDecision {
  if (wanted !== 'auto') return { mode: wanted, why: 'as set' }
  if (ownConf === 'full') return { mode: 'full', why: `chosen before: ${CONFLIST_NAME} is in place` }
  const [first] = foreign
  if (first !== undefined) return { mode: 'none', why: `${first.file} configures another network` }
  const [device] = foreignDevices
  if (device !== undefined) return { mode: 'none', why: `device ${device} is of another network` }
  if (readyWithoutUs === undefined) return { mode: undefined, why: 'the nodes of the cluster are not known yet' }
  if (readyWithoutUs.length === 0) return { mode: 'full', why: 'no other network is configured' }
  const shown = readyWithoutUs.slice(0, 3).join(', ')
  const more = readyWithoutUs.length > 3 ? `, and ${readyWithoutUs.length - 3} more` : ''
  return { mode: 'none', why: `another network makes ${shown}${more} Ready` }
}

/** The mode in the text of our configuration; undefined when it is none of ours. */
export function modeOfOwnConf(text: string | undefined): Mode | undefined {
  const mode = /"mode":\s*"(full|chained)"/.exec(text ?? '')?.[1]
  return mode === 'full' || mode === 'chained' ? mode : undefined
}
