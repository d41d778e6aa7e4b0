import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The path of a unix socket, taken over from whoever had it. */
export interface SocketClaim {
  /** Listen here first. */
  readonly listenPath: string
  /** Then put it in its place: at no moment is there no socket, or one that others may open. */
  take(): void
  /** Takes the socket away, unless another process has claimed the path since. */
  release(): void
}

export function claimSocket(path: string): SocketClaim {
  const listenPath = `${path}.${process.pid}`
  let inode: number | undefined
  mkdirSync(dirname(path), { recursive: true })
  rmSync(listenPath, { force: true })
  return {
    listenPath,
    take() {
      chmodSync(listenPath, 0o600)
      inode = statSync(listenPath).ino
      renameSync(listenPath, path)
    },
    release() {
      const current = statSync(path, { throwIfNoEntry: false })
      if (current !== undefined && current.ino === inode) rmSync(path, { force: true })
    },
  }
}
