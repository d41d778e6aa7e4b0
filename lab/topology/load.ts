import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '#lab/state/lab-error.ts'
import { parseTopology } from './parse.ts'
import type { Topology } from './topology.ts'

export const TOPOLOGIES = join(import.meta.dirname, '..', 'topologies')

/** The names of the topologies that come with the lab. */
export function topologyNames(): readonly string[] {
  return readdirSync(TOPOLOGIES)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
}

/** Reads a topology by its name, or from a file (anything with a `/` or ending in `.yaml`). */
export function loadTopology(nameOrFile: string): Topology {
  const isFile = nameOrFile.includes('/') || /\.ya?ml$/.test(nameOrFile)
  if (!isFile && !topologyNames().includes(nameOrFile)) {
    throw new LabError(`No topology ${nameOrFile}; there are ${topologyNames().join(', ')}, or give the path of a file`)
  }
  const file = isFile ? nameOrFile : join(TOPOLOGIES, `${nameOrFile}.yaml`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new LabError(`Topology ${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
  const parsed = parseTopology(text)
  if (parsed.ok) return parsed.value
  throw new LabError(
    [`Topology ${file} has ${parsed.error.length} mistakes:`, ...parsed.error.map((line) => `  ${line}`)].join('\n'),
  )
}
