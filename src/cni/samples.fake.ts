/** Nodes and devices for the tests of this folder. */
import type { Device } from '#model/device.ts'
import { mustParseIp } from '#model/ip.ts'
import type { Node } from '#model/node.ts'
import { mustParsePrefix } from '#model/prefix.ts'

/** `addresses`: `192.168.10.215/24`, several with commas. */
export function device(name: string, addresses: string, overrides: Partial<Device> = {}): Device {
  return {
    name,
    ifindex: 2,
    mac: '02:00:00:00:00:02',
    mtuBytes: 1500,
    up: true,
    carrier: true,
    loopback: false,
    kind: '',
    masterIfindex: 0,
    addresses: addresses
      .split(',')
      .filter((text) => text !== '')
      .map((text) => {
        const [address = '', length] = text.split('/')
        return { address: mustParseIp(address), prefixLengthBits: Number(length) }
      }),
    ...overrides,
  }
}

export function node(name: string, internalIps: readonly string[], podCidrs: readonly string[]): Node {
  return {
    name,
    labels: {},
    internalIps: internalIps.map(mustParseIp),
    externalIps: [],
    podCidrs: podCidrs.map(mustParsePrefix),
    ready: true,
    unschedulable: false,
  }
}
