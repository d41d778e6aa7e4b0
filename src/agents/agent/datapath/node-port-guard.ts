import { type PortRange, reservePorts } from '#datapath/reserved-ports.ts'
import type { HostFiles } from '#ports/host-files.ts'
import type { Finding } from '#agents/agent/problems.ts'
import { toFailure } from '#runtime/failure.ts'
import { Sysctls, type SysctlsOptions } from '#agents/agent/sysctls.ts'

export interface NodePortGuardOptions extends SysctlsOptions {
  readonly files: HostFiles
  readonly nodePorts: PortRange
}

const EPHEMERAL = 'net/ipv4/ip_local_port_range'
const RESERVED = 'net/ipv4/ip_local_reserved_ports'

/** Keeps connections of the node itself from node ports. */
export class NodePortGuard {
  readonly #options: NodePortGuardOptions
  readonly #sysctls: Sysctls
  #findings: readonly Finding[] = []

  constructor(options: NodePortGuardOptions) {
    this.#options = options
    this.#sysctls = new Sysctls(options)
  }

  findings(): readonly Finding[] {
    return this.#findings
  }

  /** Looks at the kernel's settings, and reserves what is not. */
  look(): void {
    const { min, max } = this.#options.nodePorts
    try {
      const value = reservePorts(this.#read(EPHEMERAL), this.#read(RESERVED), this.#options.nodePorts)
      const problems = value === undefined ? [] : this.#sysctls.apply([{ name: RESERVED, value }])
      this.#findings = problems.map(({ message }) => notReserved(min, max, message))
    } catch (error) {
      this.#findings = [notReserved(min, max, toFailure(error).message)]
    }
  }

  #read(name: string): string {
    return this.#options.files.readText(`${this.#options.procSys}/${name}`) ?? ''
  }
}

function notReserved(min: number, max: number, why: string): Finding {
  return {
    severity: 'warning',
    component: 'datapath',
    code: 'NodePortsNotReserved',
    message: `Connections of this node can take node ports (${min}-${max}) as their own, and then get no reply: add them to net.ipv4.ip_local_reserved_ports: ${why}`,
  }
}
