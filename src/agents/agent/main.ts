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
import { openApiServer } from './api-server.ts'
import { type AgentSettings, readAgentSettings } from './config.ts'
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
  const agent = startAgent(openPorts(settings, log), settings, BALISE_VERSION)
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

function openPorts(settings: AgentSettings, log: Log): AgentPorts {
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
  const userAgent = `balise-agent/${BALISE_VERSION}`
  const { api, server } = connectKubeApi({ environment: process.env }, { userAgent, onServer: tellServer(log) })
  return {
    api,
    server,
    maps: openPinnedMaps({ folder: pinFolder, mode: 'readwrite' }),
    programs,
    net: createNetDevices(),
    frames: openFrameSender(),
    network: createNodeNetwork(),
    files: createHostFiles(),
    statusPorts: createStatusPorts(),
    clock: createClock(),
    log,
    random: Math.random,
  }
}

// Only as a file of its own: in a bundle every module is the main one.
if (import.meta.main && import.meta.filename.endsWith('.ts')) process.exitCode = await main()
