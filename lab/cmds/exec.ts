import { type Hierarchy, readHierarchies } from '#lab/machine/hierarchies.ts'
import { runInSwitch, runInteractively } from '#lab/machine/inside.ts'
import { SWITCH } from '#lab/machine/names.ts'
import { containerPid, findPod, type PodRef, parsePodRef } from '#lab/pod.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { chooseLab } from '#lab/state/lab-state.ts'
import { infrastructureOf } from '#lab/topology/topology.ts'

export interface ExecOptions {
  readonly name: string | undefined
  /** A host, the switch, or `pod/NAMESPACE/NAME`. */
  readonly target: string
  readonly argv: readonly string[]
}

/** Enters the network of a pod and sees its resolver's file; programs are those of its node, so a pod needs none of its own. */
const ENTER_POD = `resolver=$(mktemp)
cat "/proc/$POD/root/etc/resolv.conf" >"$resolver" && mount --bind "$resolver" /etc/resolv.conf
rm -f "$resolver"
exec nsenter --net="/proc/$POD/ns/net" -- "$@"`

/** Runs a program on a host or in a pod's network, with this process's input and output; gives its exit code. */
export async function exec({ name, target, argv }: ExecOptions): Promise<number> {
  const lab = chooseLab(name)
  const hierarchies = readHierarchies()
  const pod = parsePodRef(target)
  if (pod !== undefined) return execInPod(lab.name, pod, hierarchies, argv)
  if (target === SWITCH) return runInSwitch(lab.name, infrastructureOf(lab.topology).name, hierarchies, argv)
  const hosts = lab.topology.hosts.map((host) => host.name)
  if (!hosts.includes(target))
    throw new LabError(
      `No host ${target} in lab ${lab.name}; there are ${hosts.join(', ')}, ${SWITCH}, and pods as pod/NAMESPACE/NAME`,
    )
  return runInteractively({ lab: lab.name, host: target }, hierarchies, argv)
}

async function execInPod(
  lab: string,
  pod: PodRef,
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
): Promise<number> {
  const { node, uid } = await findPod(lab, pod)
  const place = { lab, host: node }
  const pid = await containerPid(place, hierarchies, { 'io.kubernetes.pod.uid': uid })
  if (pid === undefined) throw new LabError(`Pod ${pod.namespace}/${pod.name} has no running container on ${node}`)
  return runInteractively(place, hierarchies, [
    'env',
    `POD=${pid}`,
    'unshare',
    '--mount',
    'sh',
    '-c',
    ENTER_POD,
    'sh',
    ...argv,
  ])
}
