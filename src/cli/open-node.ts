import { dirname, join } from 'node:path'
import { CNI_OPTIONS } from '#agents/agent/pod-network/cni-options.ts'
import { formatConfigMistake, readSettings } from '#agents/settings.ts'
import { openBpfRemains } from '#io/bpf/bpf-remains.ts'
import { createHostFiles } from '#io/files/host-files.ts'
import { createNetDevices } from '#io/net/net-devices.ts'
import { createNodeNetwork } from '#io/net/node-network.ts'
import { askAgent } from './agent-client.ts'
import { CliError } from './cli-error.ts'
import type { NodeRemains } from './node-remains.ts'
import type { Settings } from './program.ts'

/** This node, its file system below `root`. Folders are those that the agent's environment names. */
export function openNode(root: string, { socket, bpfFs, pinDir }: Settings): NodeRemains {
  const settings = readSettings(CNI_OPTIONS, process.env)
  if (!settings.ok)
    throw new CliError(settings.error.map(formatConfigMistake).join('; '), 'set these variables as the agent has them')
  const { cniConfDir, cniBinDir, stateDir, procSys } = settings.value
  const files = createHostFiles()
  if (root !== '' && files.list(root) === undefined)
    throw new CliError(`There is no folder ${root} here`, "name the folder that has the node's file system, as /host")
  return {
    files,
    network: createNodeNetwork(),
    net: createNetDevices(),
    bpf: openBpfRemains(join(root, bpfFs, pinDir)),
    places: {
      confDir: `${root}${cniConfDir}`,
      binDir: `${root}${cniBinDir}`,
      stateDir: `${root}${stateDir}`,
      runDir: `${root}${dirname(socket)}`,
      procSys: `${root}${procSys}`,
    },
    agentRuns: () => doesAgentRun(`${root}${socket}`),
  }
}

/** Only a socket that nobody has open says that none runs. */
async function doesAgentRun(socket: string): Promise<boolean> {
  try {
    await askAgent(socket, '/v1/healthz')
    return true
  } catch (error) {
    const { code } = (error as { readonly cause?: { readonly code?: string } }).cause ?? {}
    return code !== 'ENOENT' && code !== 'ECONNREFUSED'
  }
}
