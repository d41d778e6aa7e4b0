/** The wires of the agents' lab: a switch, nodes with a pod each, a client. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Room, run } from './own-namespaces.ts'

/** Of the control plane, on the switch. */
export const API_ADDRESS = '192.168.10.2'

/** What is fixed of a node; its agent comes and goes. */
export interface NodePlace {
  readonly name: string
  readonly address: string
  readonly mac: string
  readonly podAddress: string
  /** cgroup2 folder of its pods and host processes. */
  readonly cgroup: string
  readonly bpffs: string
}

/** The switch is a bridge of this namespace, which is also the control plane's host. */
export function wireLan(): void {
  run('ip', 'link', 'add', 'br0', 'type', 'bridge')
  run('ip', 'address', 'add', `${API_ADDRESS}/24`, 'dev', 'br0')
  run('ip', 'link', 'set', 'br0', 'up')
}

function plug(host: string, address: string, mac: string): void {
  run('ip', 'netns', 'add', host)
  run(
    'ip',
    'link',
    'add',
    `v-${host}`.slice(0, 15),
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'address',
    mac,
    'netns',
    host,
  )
  run('ip', 'link', 'set', `v-${host}`.slice(0, 15), 'master', 'br0', 'up')
  const inHost = (...args: readonly string[]): void => void run('ip', '-n', host, ...args)
  inHost('link', 'set', 'lo', 'up')
  inHost('link', 'set', 'eth0', 'up')
  inHost('address', 'add', `${address}/24`, 'dev', 'eth0')
}

export function wireClient(): void {
  plug('client', '192.168.10.50', '02:00:00:00:00:50')
}

export function wireNode(room: Room, name: string, index: number, count: number): NodePlace {
  const address = `192.168.10.${215 + index}`
  const mac = `02:00:00:00:01:0${index}`
  const podAddress = `10.244.${index}.2`
  plug(name, address, mac)
  run('ip', 'netns', 'add', `pod-${name}`)
  run('ip', '-n', name, 'link', 'add', 'veth1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `pod-${name}`)
  run('ip', '-n', name, 'address', 'add', `10.244.${index}.1/24`, 'dev', 'veth1')
  run('ip', '-n', name, 'link', 'set', 'veth1', 'up')
  for (const args of [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${podAddress}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'add', 'default', 'via', `10.244.${index}.1`],
  ]) {
    run('ip', '-n', `pod-${name}`, ...args)
  }
  addRoutes(name, index, count)
  run('nsenter', `--net=/run/netns/${name}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
  const bpffs = join(room.bpffs, '..', `bpf-${name}`)
  mkdirSync(bpffs)
  run('mount', '-t', 'bpf', 'blt', bpffs)
  const cgroup = join(room.cgroup2, `blt-${process.pid}-${name}`)
  mkdirSync(cgroup)
  return { name, address, mac, podAddress, cgroup, bpffs }
}

/** The ways to the pods of the other nodes. The kernel forgets them when the device goes down. */
export function addRoutes(name: string, index: number, count: number): void {
  for (let other = 0; other < count; other += 1) {
    if (other !== index)
      run('ip', '-n', name, 'route', 'add', `10.244.${other}.0/24`, 'via', `192.168.10.${215 + other}`)
  }
}
