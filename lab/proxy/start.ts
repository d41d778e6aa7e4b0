import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { joinFiles, joining } from '#lab/machine/cgroups.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { launch, serviceLeaf, serviceLog } from '#lab/process/launch.ts'
import { waitFor } from '#lab/process/wait.ts'
import { hostPath, labPath, pkiPath } from '#lab/state/paths.ts'

const PROXY = join(import.meta.dirname, 'main.ts')

/** Where a node finds the API, as on Talos with KubePrism. */
export const NODE_API = 'localhost:7445'

/** The control socket of a node's API proxy. */
export function controlSocket(lab: string, host: string): string {
  return hostPath(lab, host, 'api-proxy.sock')
}

/** Starts the API proxy of a node. */
export function startNodeProxy(
  options: { lab: string; host: string; to: string },
  hierarchies: readonly Hierarchy[],
): void {
  const { lab, host, to } = options
  const ends = ['--listen', '127.0.0.1:7445', '--to', to, '--control', controlSocket(lab, host)]
  const identity = ['--cert', pkiPath(lab, 'apiserver.crt'), '--key', pkiPath(lab, 'apiserver.key')]
  const argv = [process.execPath, PROXY, ...ends, ...identity]
  launch({ lab, host, name: 'api-proxy', argv }, hierarchies)
}

/** The socket in the file system by which the API is reached from outside the lab's namespaces. */
function apiSocket(lab: string): string {
  return labPath(lab, 'api.sock')
}

/** Makes the API reachable on a port of this machine's loopback, and gives the port: a proxy on either side of a Unix socket. */
export async function startGateway(
  options: { lab: string; infrastructure: string; to: string },
  hierarchies: readonly Hierarchy[],
  signal?: AbortSignal,
): Promise<number> {
  const { lab, infrastructure, to } = options
  const inside = [process.execPath, PROXY, '--listen', `unix:${apiSocket(lab)}`, '--to', to]
  launch({ lab, host: infrastructure, name: 'api-gateway', argv: inside }, hierarchies)
  const log = openSync(serviceLog(lab, infrastructure, 'gateway-outside'), 'a')
  const portFile = labPath(lab, 'api-port')
  const ends = ['--listen', '127.0.0.1:0', '--to', `unix:${apiSocket(lab)}`, '--port-file', portFile]
  const files = joinFiles(hierarchies, lab, infrastructure, serviceLeaf('gateway-outside'))
  const [file = '', ...args] = joining(files, [process.execPath, PROXY, ...ends])
  spawn(file, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' }).unref()
  const port = (): number | false => existsSync(portFile) && Number(readFileSync(portFile, 'utf8'))
  return await waitFor(port, { what: 'the way to the API', boundMs: 20_000, everyMs: 10, signal })
}
