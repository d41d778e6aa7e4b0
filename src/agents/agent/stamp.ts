import type { Ip } from '#model/ip.ts'
import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { Clock } from '#ports/clock.ts'
import { AGENT_CONFIG_KEY, decodeAgentConfig, encodeAgentConfig } from '#wire/bpf/agent-config.ts'
import { monotonicNs, NS_PER_MS } from './clock-ns.ts'
import type { PortRange } from './config.ts'

export interface StampOptions {
  readonly maps: BpfMaps
  readonly clock: Clock
  /** The responder falls silent when the stamp is older. */
  readonly fenceMs: number
  readonly snatPorts: PortRange
  /** InternalIP of this node; undefined as long as it is unknown. */
  readonly nodeAddress: () => Ip | undefined
}

/** Says to the kernel, again and again, that the agent lives, with the knobs of the datapath. */
export class Stamp {
  readonly #options: StampOptions

  constructor(options: StampOptions) {
    this.#options = options
  }

  /**
   * True when the last stamp is so old that the responder was silent: others may have taken the addresses over, so they must not be
   * answered for again before the election says so.
   */
  hasLapsed(): boolean {
    const { maps, clock, fenceMs } = this.#options
    const config = decodeAgentConfig(maps.map('agent_config').lookup(AGENT_CONFIG_KEY) ?? new Uint8Array())
    if (!config.ok || config.value.agentStampNs === 0n) return true
    const age = monotonicNs(clock) - config.value.agentStampNs
    return age < 0n || age > BigInt(fenceMs) * NS_PER_MS // a stamp from the future: the machine was started anew
  }

  /** The node's address is kept where it is not known yet, as just after a start. */
  write(): void {
    const { maps, clock, fenceMs, snatPorts, nodeAddress } = this.#options
    const map = maps.map('agent_config')
    const before = decodeAgentConfig(map.lookup(AGENT_CONFIG_KEY) ?? new Uint8Array())
    map.update(
      AGENT_CONFIG_KEY,
      encodeAgentConfig({
        agentStampNs: monotonicNs(clock),
        fenceNs: BigInt(fenceMs) * NS_PER_MS,
        nodeAddress4: nodeAddress() ?? (before.ok ? before.value.nodeAddress4 : undefined),
        nodeAddress6: undefined,
        snatPortMin: snatPorts.min,
        snatPortMax: snatPorts.max,
      }),
    )
  }
}
