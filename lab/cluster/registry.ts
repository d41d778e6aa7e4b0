import { mkdirSync, writeFileSync } from 'node:fs'
import { formatIp } from '#model/ip.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { launch } from '#lab/process/launch.ts'
import { hostPath } from '#lab/state/paths.ts'
import { infrastructureOf, type Topology } from '#lab/topology/topology.ts'
import { cachePath } from '#tools/cache.ts'

const REGISTRY_PORT = 5000

/** `192.168.10.2:5000`, as the nodes reach the registry. */
export function registryAddress(topology: Topology): string {
  return `${formatIp(infrastructureOf(topology).address)}:${REGISTRY_PORT}`
}

/** Starts the registry. What it stores is named by its content, so all labs share one store in the cache and push nothing twice. */
export function startRegistry(lab: string, topology: Topology, hierarchies: readonly Hierarchy[]): void {
  const host = infrastructureOf(topology).name
  const store = cachePath('registry')
  mkdirSync(store, { recursive: true })
  const config = hostPath(lab, host, 'registry.yml')
  writeFileSync(
    config,
    `version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${store}}}
http: {addr: '0.0.0.0:${REGISTRY_PORT}'}
`,
  )
  launch({ lab, host, name: 'registry', argv: ['docker-registry', 'serve', config] }, hierarchies)
}
