import { join } from 'node:path'
import { helm } from '#lab/cluster/helm.ts'
import { kubectl } from '#lab/cluster/kubectl.ts'
import { attempt, run, type RunOutcome } from '#lab/process/run.ts'
import { waitFor } from '#lab/process/wait.ts'

const ROOT = join(import.meta.dirname, '../..')
const BALISE = join(ROOT, 'bin/balise')

/** A lab of size `cluster`, used as a person would from the machine's shell. */
export interface ClusterLab {
  readonly name: string
  /** `bin/balise lab ...` about this lab. */
  lab(...args: readonly string[]): Promise<string>
  kubectl(...args: readonly string[]): Promise<string>
  helm(...args: readonly string[]): Promise<string>
  apply(manifest: string): Promise<string>
  /** A program on a host; never throws for what it does. */
  on(host: string, ...argv: readonly string[]): Promise<RunOutcome>
  /** A program on a host that has to succeed; gives its output. */
  must(host: string, ...argv: readonly string[]): Promise<string>
  /** The command line of Balise in the pod of the agent of `node`, as data. */
  balise<T>(node: string, ...words: readonly string[]): Promise<T>
  /** The same, as people read it. */
  baliseText(node: string, ...words: readonly string[]): Promise<string>
  down(): Promise<void>
}

export async function openClusterLab(name: string, topology: string, ...flags: readonly string[]): Promise<ClusterLab> {
  await run([BALISE, 'lab', 'up', '--name', name, '--topology', topology, '--detach', ...flags], { boundMs: 240_000 })
  const ofLab = (...args: readonly string[]): Promise<string> => kubectl(name, args)
  const onHost = (host: string, argv: readonly string[]): readonly string[] => [
    ...[BALISE, 'lab', 'exec', '--name', name, host, '--'],
    ...argv,
  ]
  return {
    name,
    lab: (command = '', ...args) => run([BALISE, 'lab', command, '--name', name, ...args]),
    kubectl: ofLab,
    helm: (...args) => helm(name, args),
    apply: (manifest) => kubectl(name, ['apply', '-f', '-'], { input: manifest }),
    on: (host, ...argv) => attempt(onHost(host, argv)),
    must: (host, ...argv) => run(onHost(host, argv)),
    async balise<T>(node: string, ...words: readonly string[]): Promise<T> {
      return JSON.parse(await agentSays(name, node, ...words, '-o', 'json')) as T
    },
    baliseText: (node, ...words) => agentSays(name, node, ...words),
    down: async () => void (await run([BALISE, 'lab', 'down', '--name', name], { boundMs: 60_000 })),
  }
}

/** The lab, walked through its guide and taken down, by one command. */
export function checkGuide(name: string, topology: string): Promise<RunOutcome> {
  return attempt([BALISE, 'lab', 'up', '--name', name, '--topology', topology, '--check'], { boundMs: 300_000 })
}

/** The command line of Balise in the pod of the agent of a node. */
export async function agentSays(lab: string, node: string, ...words: readonly string[]): Promise<string> {
  const pod = await agentPod(lab, node)
  return kubectl(lab, ['exec', '-n', 'kube-system', pod, '-c', 'agent', '--', 'balise', ...words])
}

async function agentPod(lab: string, node: string): Promise<string> {
  const select = ['-l', 'app.kubernetes.io/name=balise,app.kubernetes.io/component=agent']
  const ask = ['get', 'pods', '-n', 'kube-system', ...select, '--field-selector', `spec.nodeName=${node}`, '-o', 'name']
  return waitFor(async () => (await kubectl(lab, ask)).trim().split('\n')[0] || undefined, {
    what: `an agent on ${node}`,
    boundMs: 30_000,
    everyMs: 500,
  })
}
