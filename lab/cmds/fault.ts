import { type Fault, parseFaultCommand } from '#lab/faults/fault.ts'
import { type Client, connects, recoveries, type ServedAddress, servedAddresses } from '#lab/faults/follow.ts'
import { inject } from '#lab/faults/inject.ts'
import { type Hierarchy, readHierarchies } from '#lab/machine/hierarchies.ts'
import { seconds } from '#lab/progress.ts'
import { chooseLab, type LabState } from '#lab/state/lab-state.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'

export interface FaultOptions {
  readonly name: string | undefined
  readonly words: readonly string[]
  /** After a fault that can take an owner away: wait until the addresses that answered before answer again. */
  readonly follow: boolean
}

/** Lets a fault happen in a lab, and shows when what answered a client before answers again. */
export async function fault({ name, words, follow }: FaultOptions, write: (line: string) => void): Promise<void> {
  const lab = chooseLab(name)
  const nodes = hostsOfRole(lab.topology, 'node').map((host) => host.name)
  const wanted = parseFaultCommand(words, { hosts: lab.topology.hosts.map((host) => host.name), nodes })
  const hierarchies = readHierarchies()
  const client = follow ? clientOf(lab, wanted, hierarchies) : undefined
  const answering = client === undefined ? [] : await answeringNow(client)
  const startedMs = performance.now()
  await inject(lab, wanted, hierarchies)
  write(`${words.join(' ')}: done in ${seconds(performance.now() - startedMs)}`)
  if (client === undefined || answering.length === 0) return
  for (const { ip, port, afterMs, owner } of await recoveries(client, answering, startedMs)) {
    write(`${ip}:${port} answers ${client.host} after ${seconds(afterMs)}${owner === undefined ? '' : `, at ${owner}`}`)
  }
}

/** Only where a node of a whole cluster goes, and there is a client to ask. */
function clientOf(lab: LabState, fault: Fault, hierarchies: readonly Hierarchy[]): Client | undefined {
  const host = hostsOfRole(lab.topology, 'client')[0]?.name
  const takesOwner = fault.kind === 'node-crash' || fault.kind === 'link-down' || fault.kind === 'agent-kill'
  return takesOwner && host !== undefined && fault.host !== host ? { lab, host, hierarchies } : undefined
}

async function answeringNow(client: Client): Promise<readonly ServedAddress[]> {
  const all = await servedAddresses(client.lab.name)
  const answers = await Promise.all(all.map((address) => connects(client, address)))
  return all.filter((_, at) => answers[at])
}
