import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoName } from '#io/bpf/errno.ts'
import { errno, libc } from '#io/bpf/libc.ts'

const CLONE_NEWNS = 0x0002_0000
const CLONE_NEWNET = 0x4000_0000
const UNSHARE: { readonly [machine: string]: number } = { x64: 272, arm64: 97 }

/** A folder that every machine has, so that none need be made outside, and none stays. */
const TOP = '/mnt'

export interface Room {
  /** A BPF file system of this process alone. */
  readonly bpffs: string
  /** cgroup2, whatever the machine has at /sys/fs/cgroup. Its folders are those of the machine. */
  readonly cgroup2: string
  /** For files; in memory, and gone with the process. */
  readonly scratch: string
}

/**
 * Puts the main thread of this process, and with it all that it starts from here on, into a network and a mount namespace of their own.
 * The kernel clears them away when the last of these processes ends, however it does.
 */
export function enterOwnNamespaces(): Room {
  const number = UNSHARE[process.arch]
  if (number === undefined) throw new Error(`The number of unshare(2) is not known for ${process.arch}`)
  if (libc().syscall(number, CLONE_NEWNS | CLONE_NEWNET, new Uint8Array(1), 0) < 0)
    throw new Error(`unshare(2) failed with ${errnoName(errno())}`)
  run('mount', '--make-rprivate', '/')
  run('mount', '-t', 'tmpfs', 'blt', TOP)
  const room = { bpffs: join(TOP, 'bpf'), cgroup2: join(TOP, 'cgroup2'), scratch: join(TOP, 'scratch') }
  for (const folder of Object.values(room)) mkdirSync(folder)
  run('mount', '-t', 'bpf', 'blt', room.bpffs)
  run('mount', '-t', 'cgroup2', 'blt', room.cgroup2)
  run('ip', 'link', 'set', 'lo', 'up')
  return room
}

/** Runs a program to its end, 10 s at most; throws with what it wrote to stderr when it fails. Returns what it wrote to stdout. */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 })
}
