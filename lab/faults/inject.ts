import { createHost } from '#lab/cluster/bring-up.ts'
import { startNodeAgents } from '#lab/cluster/node-start.ts'
import { removeCgroups } from '#lab/machine/cgroups.ts'
import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { runOn } from '#lab/machine/inside.ts'
import { detachHost, setPort } from '#lab/machine/lan.ts'
import { machinePid } from '#lab/machine/machine.ts'
import { cgroupName } from '#lab/machine/names.ts'
import { containerPid } from '#lab/pod.ts'
import { setFault } from '#lab/proxy/control.ts'
import { controlSocket } from '#lab/proxy/start.ts'
import { LabError } from '#lab/state/lab-error.ts'
import type { LabState } from '#lab/state/lab-state.ts'
import type { Fault } from './fault.ts'
import { heal, partition } from './partition.ts'

/** Lets a fault happen; it has happened when this returns. */
export async function inject(lab: LabState, fault: Fault, hierarchies: readonly Hierarchy[]): Promise<void> {
  switch (fault.kind) {
    case 'node-crash':
      return crash(lab.name, fault.host, hierarchies)
    case 'node-restore':
      return restore(lab, fault.host, hierarchies)
    case 'link-down':
    case 'link-up':
      return setPort(lab.name, fault.host, fault.kind === 'link-up' ? 'up' : 'down')
    case 'agent-kill':
      return killAgent(lab.name, fault.host, hierarchies)
    case 'api':
      if (lab.topology.api !== 'proxy')
        throw new LabError(
          `The nodes of ${lab.name} reach the API directly: faults of the API need a topology with "api: proxy"`,
        )
      await Promise.all(fault.hosts.map((host) => setFault(controlSocket(lab.name, host), fault.fault)))
      return
    case 'partition':
      return partition(lab.name, fault.a, fault.b)
    case 'heal':
      return heal(lab.name)
  }
}

/** As when the power goes: the LAN loses it first, for eBPF would go on answering for a dead node as long as its devices are there. */
async function crash(lab: string, host: string, hierarchies: readonly Hierarchy[]): Promise<void> {
  if (machinePid(lab, host) === undefined) throw new LabError(`Node ${host} is off already`)
  await setPort(lab, host, 'down')
  await removeCgroups(hierarchies, cgroupName(lab, host))
  await detachHost(lab, host)
}

async function restore({ name, topology }: LabState, host: string, hierarchies: readonly Hierarchy[]): Promise<void> {
  if (machinePid(name, host) !== undefined) throw new LabError(`Node ${host} is on already`)
  const node = topology.hosts.find((candidate) => candidate.name === host)
  if (node === undefined) throw new LabError(`No node ${host}`)
  await createHost(name, topology, node, hierarchies)
  if (topology.size === 'cluster') startNodeAgents(name, topology, node, hierarchies)
}

async function killAgent(lab: string, host: string, hierarchies: readonly Hierarchy[]): Promise<void> {
  const place = { lab, host }
  const labels = { 'io.kubernetes.container.name': 'agent', 'io.kubernetes.pod.namespace': 'kube-system' }
  const pid = await containerPid(place, hierarchies, labels)
  if (pid === undefined) throw new LabError(`No agent runs on ${host}`)
  await runOn(place, hierarchies, ['sh', '-c', `kill -9 ${pid}`])
}
