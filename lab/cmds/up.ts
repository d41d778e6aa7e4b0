import { existsSync } from 'node:fs'
import { bringUp } from '#lab/cluster/bring-up.ts'
import { applyCoreDns, coreDnsReady } from '#lab/cluster/coredns.ts'
import { diagnose } from '#lab/cluster/diagnose.ts'
import { helm } from '#lab/cluster/helm.ts'
import { prepareBalise } from '#lab/cluster/install-balise.ts'
import { guideSteps } from '#lab/guide/guides.ts'
import { walkGuide } from '#lab/guide/walk.ts'
import { buildLabImages } from '#lab/images/build.ts'
import { type Hierarchy, readHierarchies } from '#lab/machine/hierarchies.ts'
import { Progress, seconds } from '#lab/progress.ts'
import { checkRequirements } from '#lab/requirements.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { claimLab, type LabState } from '#lab/state/lab-state.ts'
import { labDir } from '#lab/state/paths.ts'
import { takeDown } from '#lab/take-down.ts'
import { adjustTopology } from '#lab/topology/adjust.ts'
import { loadTopology } from '#lab/topology/load.ts'
import type { LabSize } from '#lab/topology/topology.ts'
import { type BuiltImage, buildImage } from '#tools/image.ts'
import { invitation } from './invitation.ts'

export interface UpOptions {
  readonly topology: string
  readonly name: string | undefined
  readonly nodes: number | undefined
  readonly size: LabSize | undefined
  /** Without Balise, and so without the guide. */
  readonly bare: boolean
  /** The lab stays when this returns. */
  readonly detach: boolean
  /** The lab is taken down after the guide. */
  readonly check: boolean
}

/** Brings a lab up and does with it what was asked, until `signal`. Gives the exit code. Unless detached, nothing of it is left then. */
export async function up(options: UpOptions, signal: AbortSignal, write: (line: string) => void): Promise<number> {
  const topology = adjustTopology(loadTopology(options.topology), options)
  const steps = guideSteps(topology.guide)
  checkRequirements(topology.size)
  const name = options.name ?? topology.name
  labDir(name) // a name that is none is refused before anything takes time
  const hierarchies = readHierarchies()
  const progress = new Progress(write)
  const withBalise = topology.size === 'cluster' && !options.bare
  if (topology.size === 'cluster') await progress.step("the lab's images", buildLabImages)
  const image = withBalise ? await progress.step("Balise's image", buildImage) : undefined
  const claimed = claimLab(name, topology)
  let stays = false
  try {
    const { state, install } = await raise({ claimed, hierarchies, progress, image, signal })
    const walked = install !== undefined && !options.detach && steps.length > 0
    if (!walked) await finish({ state, install, progress, signal })
    progress.note(`lab ${state.name} is up after ${seconds(progress.elapsedMs)}`)
    if (options.detach) {
      stays = true
      return 0
    }
    const failed = walked ? await walkGuide({ lab: state, hierarchies, steps, install, signal, write }) : 0
    if (options.check) return failed === 0 ? 0 : 1
    for (const line of invitation(state, withBalise)) write(line)
    await ended(claimed.name, signal)
    return 0
  } catch (error) {
    if (signal.aborted) return INTERRUPTED
    throw error
  } finally {
    if (!stays) await takeDown(claimed.name, hierarchies)
    if (!stays) write(`Took down ${claimed.name}`)
  }
}

/** The exit code of a program that Ctrl-C ended (128 + SIGINT). */
const INTERRUPTED = 130

interface Raise {
  readonly claimed: LabState
  readonly hierarchies: readonly Hierarchy[]
  readonly progress: Progress
  readonly image: BuiltImage | undefined
  readonly signal: AbortSignal
}

/** A cluster without Balise, and helm's arguments that install it. */
interface Raised {
  readonly state: LabState
  /** Undefined where it is not to be installed. */
  readonly install: readonly string[] | undefined
}

async function raise({ claimed, hierarchies, progress, image, signal }: Raise): Promise<Raised> {
  const state = await bringUp({ state: claimed, hierarchies, progress, signal })
  const { name, topology } = state
  if (topology.size === 'cluster') await applyCoreDns(name, topology, signal)
  const install = image && (await prepareBalise(name, topology, image, hierarchies))
  return { state, install }
}

interface Finish extends Raised {
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** What no guide does: installs Balise, and waits for the DNS where pods and ClusterIPs work by then. */
async function finish({ state: { name, topology }, install, progress, signal }: Finish): Promise<void> {
  if (install !== undefined) {
    await progress.step('Balise, installed by its chart', () =>
      diagnosed(name, signal, () => helm(name, install, { signal })),
    )
  }
  const podsWork = topology.cni !== 'none' || install !== undefined
  const clusterIpsWork = topology.kubeProxy !== 'none' || install !== undefined
  if (topology.size === 'cluster' && podsWork && clusterIpsWork)
    await progress.step('CoreDNS', () => diagnosed(name, signal, () => coreDnsReady(name, signal)))
}

/** Lets work in a cluster that stands fail with what the cluster says of it. */
async function diagnosed(lab: string, signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (signal.aborted || !(cause instanceof LabError)) throw cause
    throw new LabError([cause.message, ...(await diagnose(lab))].join('\n'), { cause })
  }
}

/** Waits for the signal, or until somebody else has taken the lab down. */
function ended(lab: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(awake)
      resolve()
    }
    const awake = setInterval(() => {
      if (!existsSync(labDir(lab))) end()
    }, 500)
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
  })
}
