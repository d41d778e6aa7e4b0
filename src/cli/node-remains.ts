import type { BpfRemains } from '#ports/bpf-remains.ts'
import type { HostFiles } from '#ports/host-files.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import type { NodeNetwork } from '#ports/node-network.ts'

/** What agent and plugin may have left on a node, and the means to take it away. */
export interface NodeRemains {
  readonly files: HostFiles
  readonly network: NodeNetwork
  readonly net: NetDevices
  readonly bpf: BpfRemains
  readonly places: RemainPlaces
  /** An agent answers on its socket, or keeps it open without an answer. */
  agentRuns(): Promise<boolean>
}

/** As this process sees them. */
export interface RemainPlaces {
  readonly confDir: string
  readonly binDir: string
  /** Of agent and plugin. */
  readonly stateDir: string
  /** Of the agent's socket. */
  readonly runDir: string
  readonly procSys: string
}
