import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A cgroup2 folder of this process alone. */
export interface OwnCgroup {
  readonly path: string
  /** Puts the process back to where it was. */
  leave(): void
}

/** Undefined where no cgroup2 is mounted. */
export function enterOwnCgroup(): OwnCgroup | undefined {
  const root = findCgroup2()
  if (root === undefined) return undefined
  const before = readFileSync('/proc/self/cgroup', 'utf8').match(/^0::(.*)$/m)?.[1] ?? '/'
  const path = join(root, `blt-packets-${process.pid}`)
  mkdirSync(path)
  writeFileSync(join(path, 'cgroup.procs'), String(process.pid))
  return {
    path,
    leave() {
      writeFileSync(join(root, before, 'cgroup.procs'), String(process.pid))
      rmdirSync(path)
    },
  }
}

function findCgroup2(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1]
}
