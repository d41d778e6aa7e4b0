import { ASIDE_SUFFIX, CONFLIST_NAME } from '#cni/conf-files.ts'
import { PLUGIN_TYPE } from '#cni/conflist.ts'
import { formatNetworkOp } from '#cni/plan.ts'
import { parseSysctlRecord } from '#cni/sysctl-record.ts'
import { CliError } from '#cli/cli-error.ts'
import type { NodeRemains } from '#cli/node-remains.ts'
import { type NetworkOp, POD_DEVICE_PREFIX } from '#model/node-network.ts'

export interface CleanupOptions {
  /** Nothing is changed. */
  readonly dryRun: boolean
  readonly force: boolean
  /** Devices of pods go too. */
  readonly pods: boolean
}

/** What was there, and what became of it. The first that fails stops none of the others. */
export interface CleanupAnswer {
  readonly version: 1
  readonly dryRun: boolean
  readonly steps: readonly CleanupStep[]
  /** What is left on purpose, with the reason. */
  readonly left: readonly string[]
}

export interface CleanupStep {
  /** `delete the route 10.244.2.0/24 via 192.168.10.216 dev eth0` */
  readonly deed: string
  readonly outcome: 'planned' | 'done' | 'failed'
  /** Why it failed; null when it did not. */
  readonly error: string | null
}

interface Deed {
  readonly deed: string
  /** Answers, or throws, with why it could not be done. */
  readonly act: () => Promise<string | undefined> | string | undefined | void
}

const LOOPBACK = 'loopback'
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/**
 * Undoes what agent and plugin made. The configuration goes first, so that no pod starts on what is about to go; what other configurations need
 * comes back in its place. Throws `CliError` where an agent would make it all again.
 */
export async function runCleanup(node: NodeRemains, options: CleanupOptions): Promise<CleanupAnswer> {
  if (!options.dryRun && !options.force && (await node.agentRuns())) {
    throw new CliError(
      'An agent runs on this node, which would make again what is taken away',
      'uninstall Balise first (helm uninstall), or say --force',
    )
  }
  const pods = podDevices(node)
  const deeds = [
    ...confDeeds(node),
    ...bpfDeeds(node),
    ...(await networkDeeds(node, options.pods ? pods : [])),
    ...sysctlDeeds(node),
    ...fileDeeds(node),
  ]
  const steps: CleanupStep[] = []
  for (const deed of deeds) steps.push(options.dryRun ? planned(deed) : await perform(deed))
  return { version: 1, dryRun: options.dryRun, steps, left: options.pods ? [] : leftPods(pods) }
}

function planned({ deed }: Deed): CleanupStep {
  return { deed, outcome: 'planned', error: null }
}

async function perform({ deed, act }: Deed): Promise<CleanupStep> {
  try {
    const error = await act()
    return error === undefined ? { deed, outcome: 'done', error: null } : { deed, outcome: 'failed', error }
  } catch (thrown) {
    return { deed, outcome: 'failed', error: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

function podDevices({ net }: NodeRemains): readonly string[] {
  return net
    .list()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(POD_DEVICE_PREFIX))
    .sort()
}

function leftPods(pods: readonly string[]): readonly string[] {
  if (pods.length === 0) return []
  return [`the devices of pods, which may still run (--pods takes them away): ${pods.join(', ')}`]
}

function confDeeds({ files, places: { confDir } }: NodeRemains): readonly Deed[] {
  const names = files.list(confDir) ?? []
  const own = names.includes(CONFLIST_NAME)
    ? [{ deed: `remove ${confDir}/${CONFLIST_NAME}`, act: () => void files.remove(`${confDir}/${CONFLIST_NAME}`) }]
    : []
  const aside = names.filter((name) => name.endsWith(ASIDE_SUFFIX))
  return [...own, ...aside.map((name) => restoreDeed(files, `${confDir}/${name}`))]
}

/** Where somebody has put a new one in its place, the old one stays aside. */
function restoreDeed(files: NodeRemains['files'], aside: string): Deed {
  const original = aside.slice(0, -ASIDE_SUFFIX.length)
  return {
    deed: `restore ${original}`,
    act() {
      if (files.stat(original) !== undefined) return `there is another ${original} by now, ${aside} stays`
      files.rename(aside, original)
      return undefined
    },
  }
}

function bpfDeeds({ bpf }: NodeRemains): readonly Deed[] {
  const remains = bpf.list()
  if (remains.length === 0) return []
  return [{ deed: `detach and unpin ${remains.join(', ')}`, act: () => bpf.remove() }]
}

async function networkDeeds({ network }: NodeRemains, pods: readonly string[]): Promise<readonly Deed[]> {
  const { routes, overlayExists, masqueradeExists, hostPortsExist } = await network.read()
  const ops: readonly NetworkOp[] = [
    ...routes.filter(({ own }) => own).map(({ own: _own, ...route }) => ({ kind: 'deleteRoute', route }) as const),
    ...(overlayExists ? [{ kind: 'deleteOverlay' } as const] : []),
    ...(masqueradeExists ? [{ kind: 'deleteMasquerade' } as const] : []),
    ...(hostPortsExist ? [{ kind: 'deleteHostPorts' } as const] : []),
    ...pods.map((device) => ({ kind: 'deletePodDevice', device }) as const),
  ]
  return ops.map((op) => ({ deed: formatNetworkOp(op), act: async () => (await network.apply([op]))[0] }))
}

/** Only what is still as we set it, and in the same boot: after another it is the kernel's own again. The last that was changed comes first. */
function sysctlDeeds({ files, places: { procSys, stateDir } }: NodeRemains): readonly Deed[] {
  const record = parseSysctlRecord(files.readText(`${stateDir}/sysctls.json`))
  if (record === undefined || record.bootId !== (files.readText(BOOT_ID)?.trim() ?? '')) return []
  return Object.entries(record.changed)
    .toReversed()
    .filter(([name, { ours }]) => files.readText(`${procSys}/${name}`)?.trim() === ours)
    .map(([name, { before }]) => ({
      deed: `set ${name.replaceAll('/', '.')} to ${before} again`,
      act: () => files.writeInPlace(`${procSys}/${name}`, before),
    }))
}

/** `loopback` only where it is ours, which its octets tell. */
function fileDeeds({ files, places: { binDir, stateDir, runDir } }: NodeRemains): readonly Deed[] {
  const [plugin, loopback] = [`${binDir}/${PLUGIN_TYPE}`, `${binDir}/${LOOPBACK}`]
  const paths = [
    ...(files.sameContent(loopback, plugin) ? [loopback] : []),
    ...(files.stat(plugin) === undefined ? [] : [plugin]),
    ...[stateDir, runDir].filter((folder) => files.list(folder) !== undefined),
  ]
  return paths.map((path) => ({ deed: `remove ${path}`, act: () => void files.remove(path) }))
}
