import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseTopology } from '#lab/topology/parse.ts'
import { formatTopology } from '#lab/topology/format.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { LabError } from './lab-error.ts'
import { hostPath, isLabName, labDir, labPath, STATE_ROOT } from './paths.ts'

/** What is known of a lab that stands (or once stood, and was not taken down). */
export interface LabState {
  readonly name: string
  readonly topology: Topology
  /** The port of this machine's loopback where its API answers. */
  readonly apiPort: number | undefined
}

/** Takes the name for a new lab; of two at the same moment one gets it. */
export function claimLab(name: string, topology: Topology): LabState {
  mkdirSync(STATE_ROOT, { recursive: true, mode: 0o755 })
  try {
    mkdirSync(labDir(name))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new LabError(
      `A lab of the name ${name} is there already: take it down with "balise lab down --name ${name}", or give this one another --name`,
      { cause },
    )
  }
  const state = { name, topology, apiPort: undefined }
  for (const host of topology.hosts) mkdirSync(hostPath(name, host.name), { recursive: true }) // the names of all that may be there
  writeFileSync(labPath(name, 'topology.yaml'), formatTopology(topology))
  saveApiPort(name, undefined)
  return state
}

export function saveApiPort(name: string, apiPort: number | undefined): void {
  const file = labPath(name, 'lab.json')
  writeFileSync(`${file}.new`, `${JSON.stringify({ version: 1, name, apiPort })}\n`)
  renameSync(`${file}.new`, file)
}

/** The names of all labs that have left a folder. */
export function labNames(): readonly string[] {
  return existsSync(STATE_ROOT) ? readdirSync(STATE_ROOT).filter(isLabName).sort() : []
}

/** Reads what is known of a lab; an error where there is none or where it never got that far. */
export function readLab(name: string): LabState {
  try {
    const { apiPort } = JSON.parse(readFileSync(labPath(name, 'lab.json'), 'utf8')) as { apiPort?: number }
    const topology = parseTopology(readFileSync(labPath(name, 'topology.yaml'), 'utf8'))
    if (topology.ok) return { name, topology: topology.value, apiPort }
    throw new Error(topology.error.join('; '))
  } catch (cause) {
    const there = labNames()
    throw new LabError(`No lab ${name} is up; ${there.length === 0 ? 'none is' : `there is ${there.join(', ')}`}`, {
      cause,
    })
  }
}

/** The lab that a command is about: the one named, or the only one. */
export function chooseLab(name: string | undefined): LabState {
  if (name !== undefined) return readLab(name)
  const names = labNames()
  const [only, ...more] = names
  if (only === undefined) throw new LabError('No lab is up: start one with "balise lab up"')
  if (more.length > 0) throw new LabError(`Several labs are up (${names.join(', ')}): say which with --name`)
  return readLab(only)
}
