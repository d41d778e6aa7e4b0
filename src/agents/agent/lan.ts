import { lanDevices } from '#datapath/lan-devices.ts'
import type { Device } from '#model/device.ts'
import { POD_DEVICE_PREFIX } from '#model/node-network.ts'
import type { BpfPrograms } from '#ports/bpf-programs.ts'
import type { Log } from '#ports/log.ts'
import type { NetDevices } from '#ports/net-devices.ts'
import { toFailure } from '#runtime/failure.ts'

export interface LanOptions {
  readonly net: NetDevices
  readonly programs: BpfPrograms
  readonly patterns: readonly string[]
  readonly log: Log
}

/** The devices of the LAN: which they are, and that the programs hang on them. */
export class Lan {
  readonly #options: LanOptions
  #devices: readonly Device[] = []
  #all: readonly Device[] = []
  readonly #failures = new Map<string, string>()
  readonly #attached = new Map<number, string>()

  constructor(options: LanOptions) {
    this.#options = options
  }

  /** As of the last `look`. */
  devices(): readonly Device[] {
    return this.#devices
  }

  /** Names of all devices of this node but the pods', for messages. */
  names(): readonly string[] {
    return this.#all.map(({ name }) => name).filter((name) => !name.startsWith(POD_DEVICE_PREFIX))
  }

  /** Why programs do not hang on a device, by its name. */
  failures(): ReadonlyMap<string, string> {
    return this.#failures
  }

  /** Reads the devices and attaches where it is wanted. A device that fails stops no other. True when something differs. */
  look(): boolean {
    const { net, patterns, log } = this.#options
    this.#all = net.list()
    const before = JSON.stringify(this.#devices.map(comparable))
    this.#devices = lanDevices(this.#all, patterns)
    this.#failures.clear()
    for (const device of this.#devices) this.#attach(device)
    const wanted = new Set(this.#devices.map(({ ifindex }) => ifindex))
    for (const [ifindex, name] of this.#attached) if (!wanted.has(ifindex)) this.#detach(ifindex, name)
    const now = JSON.stringify(this.#devices.map(comparable))
    if (now === before) return false
    log.info('LAN devices', {
      devices: this.#devices.map(({ name, carrier }) => `${name}${carrier ? '' : ' (no carrier)'}`),
    })
    return true
  }

  #attach(device: Device): void {
    const { programs, log } = this.#options
    try {
      programs.attachDevice(device)
      this.#attached.set(device.ifindex, device.name)
    } catch (error) {
      const why = toFailure(error).message
      this.#failures.set(device.name, why)
      log.error('Programs cannot be attached to a device', { device: device.name, error: why })
    }
  }

  #detach(ifindex: number, name: string): void {
    const { programs, log } = this.#options
    try {
      programs.detachDevice(ifindex)
    } catch (error) {
      log.debug('Programs of a device that is gone', { device: name, error: toFailure(error).message })
    }
    this.#attached.delete(ifindex)
  }
}

function comparable(device: Device): unknown {
  return {
    ...device,
    addresses: device.addresses.map(({ address, ...rest }) => ({ ...rest, address: String(address.value) })),
  }
}
