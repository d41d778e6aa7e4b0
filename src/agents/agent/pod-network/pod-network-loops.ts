import { ADDRESSES_FOLDER } from '#cni/plugin-state.ts'
import { nodesOfOurs } from '#cni/told.ts'
import type { Clock } from '#ports/clock.ts'
import type { Log } from '#ports/log.ts'
import type { Reconciler, ReconcilerOptions } from '#runtime/reconciler.ts'
import { follow } from '#agents/agent/follow.ts'
import type { PodNetwork, PodNetworkOptions } from './pod-network.ts'
import { podNetworkPlaces } from './pod-network-settings.ts'

export interface PodNetworkLoops {
  /** Devices changed: look again if one did that matters to the pods' network. */
  devicesChanged(): void
}

/** Nodes come one by one when a cluster starts. */
const SETTLE_MS = 50
/** Other tables may change all the time, and the kernel may not tell which it was: one look a second is enough. */
const RULES_SETTLE_MS = 1_000
/** What nobody told of is found then; it costs four short programs. */
const RESYNC_MS = 60_000
/** A burst of pods is one look. */
const PLUGIN_SETTLE_MS = 500
/** A folder that is not there yet is looked for that often. */
const RETRY_MS = 10_000

export interface LoopMaker {
  (name: string, options: Omit<ReconcilerOptions, 'clock' | 'random' | 'onFailure'>): Reconciler
}

/** Starts the loops of the pods' network: it looks again when nodes, devices, routes or rules of ours or configurations change. */
export function startPodNetwork(
  podNetwork: PodNetwork,
  options: Pick<PodNetworkOptions, 'settings' | 'sources' | 'files' | 'network'> & {
    readonly clock: Clock
    readonly log: Log
  },
  loop: LoopMaker,
  signal: AbortSignal,
): PodNetworkLoops {
  const { settings, sources, files, network, clock, log } = options
  const main = loop('PodNetwork', {
    reconcile: () => podNetwork.reconcile(),
    settleMs: SETTLE_MS,
    resyncMs: RESYNC_MS,
  })
  main.poke()
  sources.nodes.onChange(() => main.poke())
  sources.leases.onChange(whenOursChange(sources, () => main.poke()))
  if (settings.cniMode === 'none') return { devicesChanged: () => undefined }
  const plugin = loop('Plugin', { reconcile: () => podNetwork.lookAtPlugin(), settleMs: PLUGIN_SETTLE_MS })
  const { confDir, binDir, pluginState } = podNetworkPlaces(settings)
  const watch = (what: string, changes: (signal: AbortSignal) => AsyncIterable<void>, reconciler: Reconciler): void =>
    void follow(
      {
        changes,
        onChange: () => reconciler.poke(),
        onFailure: (error) => log.debug('Changes are not heard of, looked for at intervals instead', { what, error }),
        clock,
        retryMs: RETRY_MS,
      },
      signal,
    )
  for (const folder of [confDir, binDir]) watch(folder, (ended) => files.changes(folder, ended), main)
  for (const folder of [pluginState, `${pluginState}/${ADDRESSES_FOLDER}`])
    watch(folder, (ended) => files.changes(folder, ended), plugin)
  watch('routes', (ended) => network.losses(ended), main)
  if (settings.cniMode !== 'chained') {
    const rules = loop('Rules', { reconcile: () => main.poke(), settleMs: RULES_SETTLE_MS })
    watch('rules', (ended) => network.ruleChanges(ended), rules)
  }
  return {
    devicesChanged() {
      if (podNetwork.devicesDiffer()) main.poke()
    },
  }
}

/** Leases are renewed every few seconds; what counts is who says that the network is ours. */
function whenOursChange(sources: PodNetworkOptions['sources'], act: () => void): () => void {
  let before = ''
  return () => {
    const now = [...nodesOfOurs(sources.leases.items().values())].sort().join()
    if (now === before) return
    before = now
    act()
  }
}
