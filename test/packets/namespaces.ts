import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { errno, libc } from '#io/bpf/libc.ts'
import { errnoName } from '#io/bpf/errno.ts'

const CLONE_NEWNS = 0x0002_0000
const CLONE_NEWNET = 0x4000_0000
const UNSHARE: { readonly [machine: string]: number } = { x64: 272, arm64: 97 }

/** MAC and index of the LAN device of `enterNamespaces`. */
export const LAN_MAC = '02:00:00:00:02:15'
export const NODE1_MAC = '02:00:00:00:02:16'
export const CLIENT_MAC = '02:00:00:00:00:50'
export const ROUTER_MAC = '02:00:00:00:00:01'
export const PIN_FOLDER = '/sys/fs/bpf/packets'

/**
 * Gives this process, for the rest of its life, a network and a mount namespace of its own, with bpffs and a node's network in them:
 * device `lan0` 192.168.10.215/24 and a second address .214, static neighbours, routes to the pods of other nodes. The kernel clears it all away at exit.
 * Returns the ifindex of lan0.
 */
export function enterNamespaces(): number {
  const number = UNSHARE[process.arch]
  if (number === undefined) throw new Error(`The number of unshare(2) is not known for ${process.arch}`)
  if (libc().syscall(number, CLONE_NEWNS | CLONE_NEWNET, new Uint8Array(1), 0) < 0) {
    throw new Error(`unshare(2) failed with ${errnoName(errno())}`)
  }
  run('mount --make-rprivate /')
  run('mount -t bpf bpf /sys/fs/bpf')
  mkdirSync(PIN_FOLDER)
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  run('ip link set lo up')
  run(`ip link add lan0 address ${LAN_MAC} type veth peer name wire0`)
  run('ip link set wire0 up')
  run('ip link set lan0 up')
  run('ip address add 192.168.10.215/24 dev lan0')
  run('ip address add 192.168.10.214/24 dev lan0')
  run(`ip neighbour add 192.168.10.216 lladdr ${NODE1_MAC} nud permanent dev lan0`)
  run(`ip neighbour add 192.168.10.50 lladdr ${CLIENT_MAC} nud permanent dev lan0`)
  run(`ip neighbour add 192.168.10.1 lladdr ${ROUTER_MAC} nud permanent dev lan0`)
  run('ip route add default via 192.168.10.1')
  run('ip route add 10.244.1.0/24 via 192.168.10.216')
  run('ip route add 10.244.2.0/24 via 192.168.10.217') // nobody has said yet who that is
  run('ip route add unreachable 10.244.9.0/24')
  run(`ip link add narrow0 mtu 1000 type veth peer name narrow1`)
  run('ip link set narrow1 up')
  run('ip link set narrow0 up')
  run('ip route add 10.244.3.0/24 dev narrow0')
  run('ip neighbour add 10.244.3.7 lladdr 02:00:00:00:03:07 nud permanent dev narrow0')
  return ifindexOf('lan0')
}

export function ifindexOf(device: string): number {
  const links = JSON.parse(run(`ip -j link show dev ${device}`)) as readonly { readonly ifindex: number }[]
  const ifindex = links[0]?.ifindex
  if (ifindex === undefined) throw new Error(`There is no device ${device}`)
  return ifindex
}

function run(command: string): string {
  const [program = '', ...args] = command.split(' ')
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
