import { kubectl } from '#lab/cluster/kubectl.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { runOn } from '#lab/machine/inside.ts'
import { LabError } from '#lab/state/lab-error.ts'

export interface PodRef {
  readonly namespace: string
  readonly name: string
}

/** `pod/NAMESPACE/NAME`; undefined for what does not begin with `pod/`. */
export function parsePodRef(text: string): PodRef | undefined {
  if (!text.startsWith('pod/')) return undefined
  const [, namespace = '', name = '', ...more] = text.split('/')
  if (namespace === '' || name === '' || more.length > 0)
    throw new LabError(`Not a pod: ${text}; write pod/NAMESPACE/NAME`)
  return { namespace, name }
}

export interface FoundPod {
  readonly node: string
  readonly uid: string
}

/** The node that a pod runs on. */
export async function findPod(lab: string, { namespace, name }: PodRef): Promise<FoundPod> {
  const template = '{.spec.nodeName} {.metadata.uid}'
  const answer = await kubectl(lab, ['get', 'pod', '-n', namespace, name, '-o', `jsonpath=${template}`])
  const [node = '', uid = ''] = answer.split(' ')
  if (node === '') throw new LabError(`Pod ${namespace}/${name} is on no node yet`)
  return { node, uid }
}

/** The process id of a running container of a pod, as its node counts; the sandbox where `container` is unset. */
export async function containerPid(
  place: { readonly lab: string; readonly host: string },
  hierarchies: readonly Hierarchy[],
  labels: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const filter = Object.entries(labels)
    .map(([key, value]) => `labels."${key}"==${value}`)
    .join(',')
  const ids = (await runOn(place, hierarchies, ['ctr', '-n', 'k8s.io', 'containers', 'ls', '-q', filter]))
    .split('\n')
    .filter(Boolean)
  const tasks = await runOn(place, hierarchies, ['ctr', '-n', 'k8s.io', 'tasks', 'ls'])
  for (const line of tasks.split('\n')) {
    const [id = '', pid, status] = line.trim().split(/\s+/)
    if (status === 'RUNNING' && ids.includes(id)) return Number(pid)
  }
  return undefined
}
