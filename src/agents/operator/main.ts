import { hostname } from 'node:os'
import { runParts } from '#agents/run-parts.ts'
import { formatConfigMistake, readSettings } from '#agents/settings.ts'
import { createClock } from '#io/clock.ts'
import { connectKubeApi } from '#io/kube/connect.ts'
import { tellServer } from '#agents/tell-server.ts'
import { createLog } from '#io/log/log.ts'
import { BALISE_VERSION } from '#model/version.ts'
import type { Log } from '#ports/log.ts'
import { OPERATOR_OPTIONS, type OperatorSettings } from './config.ts'
import { openHealthServer } from './health-server.ts'
import { ipamSettingsOf } from '#agents/operator/ipam/ipam-settings.ts'
import type { NodeTaintSettings } from '#agents/operator/nodes/node-taints.ts'
import { startOperator } from './operator.ts'

/** Ended as asked. */
const EXIT_DONE = 0
const EXIT_FAILED = 1
const EXIT_MISUSED = 2

/** Runs the operator until SIGTERM or SIGINT. Answers with the exit code. */
export async function main(): Promise<number> {
  const settings = readSettings(OPERATOR_OPTIONS, process.env)
  if (!settings.ok) {
    for (const mistake of settings.error) process.stderr.write(`${formatConfigMistake(mistake)}\n`)
    return EXIT_MISUSED
  }
  const log = createLog({ level: settings.value.logLevel, fields: { component: 'operator' } })
  try {
    await run(settings.value, log)
    return EXIT_DONE
  } catch (error) {
    log.error('The operator cannot go on', { error })
    return EXIT_FAILED
  }
}

async function run(settings: OperatorSettings, log: Log): Promise<void> {
  const { namespace, podName, leaseDurationSeconds, healthPort } = settings
  const identity = podName === '' ? `${hostname()}_${process.pid}` : podName
  const userAgent = `balise-operator/${BALISE_VERSION}`
  const { api, server } = connectKubeApi({ environment: process.env }, { userAgent, onServer: tellServer(log) })
  const metallbNamespace = settings.enableMetallb === 'true' ? settings.metallbNamespace : undefined
  const options = { api, clock: createClock(), random: Math.random, log, namespace, identity, metallbNamespace }
  const leaseDurationMs = leaseDurationSeconds * 1000
  const operator = startOperator(
    { ...options, leaseDurationMs, ipam: ipamSettingsOf(settings), nodeTaints: nodeTaintSettings(settings) },
    new AbortController().signal,
  )
  log.info('Operator started', { version: BALISE_VERSION, identity, namespace, server: server() })
  const parts = [
    { name: 'connection', start: () => () => api.close() },
    { name: 'operator', start: () => () => operator.close() },
    {
      name: 'health',
      async start() {
        const health = healthPort === 0 ? undefined : await openHealthServer(healthPort, operator.status, server)
        return async () => await health?.close()
      },
    },
  ]
  await runParts(parts, log)
}

function nodeTaintSettings(settings: OperatorSettings): NodeTaintSettings {
  return {
    removeNodeTaints: settings.removeNodeTaints === 'true',
    setNodeTaints: settings.setNodeTaints === 'true',
    setNodeNetworkStatus: settings.setNodeNetworkStatus === 'true',
    agentNotReadyTaintKey: settings.agentNotReadyTaintKey,
  }
}

// Only as a file of its own: in a bundle every module is the main one.
if (import.meta.main && import.meta.filename.endsWith('.ts')) process.exitCode = await main()
