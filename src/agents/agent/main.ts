import { release } from 'node:os'
import { join } from 'node:path'
import { runParts } from '#agents/run-parts.ts'
import { formatConfigMistake } from '#agents/settings.ts'
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import { openPinnedMaps } from '#io/bpf/pinned-maps.ts'
import { readNetnsCookie } from '#io/net/netns-cookie.ts'
import { createClock } from '#io/clock.ts'
import { createStatusPorts } from '#io/http/status-ports.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { tellServer } from '#agents/tell-server.ts'
import { createHostFiles } from '#io/files/host-files.ts'
import { createLog } from '#io/log/log.ts'
import { openFrameSender } from '#io/net/frame-sender.ts'
import { createNetDevices } from '#io/net/net-devices.ts'
import { createNodeNetwork } from '#io/net/node-network.ts'
import type { Log } from '#ports/log.ts'
import { toFailure } from '#runtime/failure.ts'
import { startAgent } from './agent.ts'
import type { AgentPorts } from './agent-ports.ts'
import { openApiServer } from '#agents/agent/api/api-server.ts'
import { type AgentSettings, readAgentSettings } from './config.ts'
import { loadPatiently } from '#agents/agent/datapath/load-patiently.ts'
import { bpfObjectsFolder, cgroup2Folder } from './places.ts'
import { BALISE_VERSION } from '#model/version.ts'

/** Ended as asked. */
const EXIT_DONE = 0
const EXIT_FAILED = 1
const EXIT_MISUSED = 2

/** Runs the agent until SIGTERM or SIGINT. Answers with the exit code. */
export async function main(): Promise<number> {
  const settings = readAgentSettings(process.env)
  if (!settings.ok) {
    for (const mistake of settings.error) process.stderr.write(`${formatConfigMistake(mistake)}\n`)
    return EXIT_MISUSED
  }
  const log = createLog({ level: settings.value.logLevel, fields: { component: 'agent' } })
  try {
    await run({ ...settings.value, cgroupRoot: cgroup2Folder(settings.value.cgroupRoot) }, log)
    return EXIT_DONE
  } catch (error) {
    log.error('The agent cannot go on', { error: toFailure(error).message })
    return EXIT_FAILED
  }
}

async function run(settings: AgentSettings, log: Log): Promise<void> {
  const ports = await openPorts(settings, log)
  if (ports === undefined) return
  const agent = startAgent(ports, settings, BALISE_VERSION)
  const { socket, healthPort } = settings
  const parts = [
    { name: 'agent', start: () => () => agent.close() },
    {
      name: 'API',
      async start() {
        const server = await openApiServer({ answers: agent.answers, socket, healthPort })
        return () => server.close()
      },
    },
  ]
  await runParts(parts, log)
}

/** Undefined when it was asked to end before the kernel took the programs. */
async function openPorts(settings: AgentSettings, log: Log): Promise<AgentPorts | undefined> {
  const userAgent = `balise-agent/${BALISE_VERSION}`
  const { api, server } = connectKubeApi({ environment: process.env }, { userAgent, onServer: tellServer(log) })
  const { nodeName, socket, healthPort } = settings
  const beside = { api, clock: createClock(), log, random: Math.random }
  const asked = new AbortController()
  const end = (): void => asked.abort()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end)
  const loaded = await loadPatiently(
    { ...beside, load: () => openKernel(settings, log), nodeName, release: release(), listen: { socket, healthPort } },
    asked.signal,
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, end)
  if (loaded === undefined || asked.signal.aborted) {
    loaded?.programs.close()
    api.close()
    return undefined
  }
  return {
    ...beside,
    ...loaded,
    server,
    net: createNetDevices(),
    frames: openFrameSender(),
    network: createNodeNetwork(),
    files: createHostFiles(),
    statusPorts: createStatusPorts(),
  }
}

/** The programs and their maps. Throws `BpfError`. */
function openKernel(settings: AgentSettings, log: Log): Pick<AgentPorts, 'programs' | 'maps'> {
  const pinFolder = join(settings.bpfFs, settings.pinDir)
  const programs = openBpfPrograms({
    objectsFolder: bpfObjectsFolder(settings.bpfObjects),
    pinFolder,
    mechanism: settings.tcMechanism,
    layoutChange: 'migrate',
    constants: { host_netns_cookie: readNetnsCookie() ?? 0n }, // an agent is in the host's network
  })
  for (const migration of programs.migrations)
    log.warn('Map of an earlier build taken over into the new layout', { ...migration })
  return { programs, maps: openPinnedMaps({ folder: pinFolder, mode: 'readwrite' }) }
}

// Only as a file of its own: in a bundle every module is the main one.
if (import.meta.main && import.meta.filename.endsWith('.ts')) process.exitCode = await main()
