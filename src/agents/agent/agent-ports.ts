import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { BpfPrograms } from '#ports/bpf-programs.ts'
import type { Clock } from '#ports/clock.ts'
import type { FrameSender } from '#ports/frame-sender.ts'
import type { HostFiles } from '#ports/host-files.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import type { Log } from '#ports/log.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import type { NodeNetwork } from '#ports/node-network.ts'
import type { StatusPorts } from '#ports/status-ports.ts'

/** The outside of an agent: real, or fakes in a test. */
export interface AgentPorts {
  readonly api: KubeApi
  /** The API server that is spoken to, for the status. */
  readonly server: () => string
  readonly maps: BpfMaps
  readonly programs: BpfPrograms
  readonly net: NetDevices
  readonly frames: FrameSender
  readonly network: NodeNetwork
  readonly files: HostFiles
  readonly statusPorts: StatusPorts
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}
