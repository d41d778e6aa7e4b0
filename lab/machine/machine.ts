import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LabError } from '#lab/state/lab-error.ts'
import { CHECKOUT, hostPath, labDir } from '#lab/state/paths.ts'
import { waitFor } from '#lab/process/wait.ts'
import { cacheDir, debsRoot } from '#tools/cache.ts'
import { createHostCgroups, delegateControllers, joinFiles, joining } from './cgroups.ts'
import { cgroup2Root, type Hierarchy } from './hierarchies.ts'
import { cgroupName, netnsPath } from './names.ts'

/**
 * A host of the lab: network, mount, UTS, PID and cgroup namespace of its own over a copy-on-write view of this machine's root file
 * system, so that the paths which charts and programs take for granted are the host's own.
 */
export interface MachineSpec {
  readonly lab: string
  readonly host: string
  /** Folders that outlive a crash, by their path on the host. */
  readonly disks: readonly string[]
  /** Files of the host by their path, with their text. */
  readonly files: Readonly<Record<string, string>>
}

/** The cgroup2 folder, below the host's own, of PID 1 and of what the lab starts by hand. */
export const INIT_LEAF = 'system/init'

const INIT = join(import.meta.dirname, 'init.sh')

/** Starts the first process of a host whose network namespace is there, and gives its process id. */
export async function startMachine(spec: MachineSpec, hierarchies: readonly Hierarchy[]): Promise<number> {
  const { lab, host } = spec
  const pidFile = hostPath(lab, host, 'pid')
  rmSync(pidFile, { force: true })
  for (const folder of ['root', 'disk', 'files', 'log']) mkdirSync(hostPath(lab, host, folder), { recursive: true })
  writeFiles(hostPath(lab, host, 'files'), spec.files)
  createHostCgroups(hierarchies, lab, host)
  const log = openSync(hostPath(lab, host, 'log', 'init.log'), 'a')
  const [file = '', ...args] = joining(joinFiles(hierarchies, lab, host, ''), [
    ...['nsenter', `--net=${netnsPath(lab, host)}`],
    ...['unshare', '--mount', '--uts', '--pid', '--cgroup', '--fork', '--propagation', 'private', 'sh', INIT],
  ])
  const env = { PATH: process.env['PATH'] ?? '', ...initEnv(spec, hierarchies) }
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env })
  child.unref()
  const pid = await waitFor(
    () => {
      if (!existsSync(hostPath(lab, host))) throw new LabError(`Host ${host} was taken down while it started`)
      if (child.exitCode !== null || child.signalCode !== null)
        throw new LabError(
          `Host ${host} did not start: ${readFileSync(hostPath(lab, host, 'log', 'init.log'), 'utf8').trim()}`,
        )
      return existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8'))
    },
    { what: `host ${host} to start`, boundMs: 20_000, everyMs: 10 },
  )
  leaveHostCgroup(hierarchies, lab, host)
  return pid
}

/** Where programs and libraries are; a machine may have some of them on a file system of its own. */
const PROGRAM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/nix']

/** Folders that are on another file system than the root, which a copy-on-write view of the root does not have. */
function elsewhere(folders: readonly string[]): readonly string[] {
  const root = statSync('/').dev
  return folders.filter((folder) => existsSync(folder) && statSync(folder).dev !== root)
}

function initEnv(
  { lab, host, disks }: MachineSpec,
  hierarchies: readonly Hierarchy[],
): Readonly<Record<string, string>> {
  return {
    HOST: host,
    HOST_DIR: hostPath(lab, host),
    BINDS: [CHECKOUT, cacheDir(), labDir(lab), ...elsewhere([dirname(process.execPath)])].filter(existsSync).join('\n'),
    READ_ONLY_BINDS: elsewhere(PROGRAM_FOLDERS).join('\n'),
    DISKS: disks.join('\n'),
    CGROUPS: hierarchies
      .map(({ mountPoint, version, options }) => `${mountPoint} ${version === 2 ? 'cgroup2' : 'cgroup'} ${options}`)
      .join('\n'),
  }
}

/** A cgroup2 folder with processes of its own can give its controllers to no child: what started the host moves one deeper. */
function leaveHostCgroup(hierarchies: readonly Hierarchy[], lab: string, host: string): void {
  const folder = join(cgroup2Root(hierarchies), cgroupName(lab, host))
  const leaf = joinFiles(
    hierarchies.filter(({ version }) => version === 2),
    lab,
    host,
    INIT_LEAF,
  )
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)
  for (const pid of pids) for (const file of leaf) joinUnlessEnded(file, pid)
  delegateControllers(folder)
}

/** What starts the host runs short programs, of which one may have ended since it was listed. */
function joinUnlessEnded(file: string, pid: string): void {
  try {
    writeFileSync(file, pid)
  } catch (error) {
    if (!isEnded(error)) throw error
  }
}

function isEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH'
}

function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

/** The process id of a host's PID 1 as this machine counts, or undefined while the host is off. */
export function machinePid(lab: string, host: string): number | undefined {
  try {
    const pid = Number(readFileSync(hostPath(lab, host, 'pid'), 'utf8'))
    return existsSync(`/proc/${pid}/ns/net`) ? pid : undefined
  } catch {
    return undefined // no such file: the host is not on
  }
}

/** The command line that runs `argv` on a host: joins its cgroups, then enters all its namespaces. */
export function onHost(
  { lab, host, leaf }: { readonly lab: string; readonly host: string; readonly leaf: string },
  hierarchies: readonly Hierarchy[],
  argv: readonly string[],
): readonly string[] {
  const pid = machinePid(lab, host)
  if (pid === undefined)
    throw new LabError(`Host ${host} is off (bring it back with: balise lab fault node-restore ${host})`)
  const enter = ['nsenter', '-t', String(pid), '-n', '-m', '-u', '-p', '-C', '--', 'env', `PATH=${HOST_PATH}`]
  return joining(joinFiles(hierarchies, lab, host, leaf), [...enter, ...argv])
}

/** Where the programs of a host are looked for: the lab's cache first. */
export const HOST_PATH: string = [
  join(cacheDir(), 'bin'),
  ...['usr/bin', 'usr/sbin', 'usr/lib/cni'].map((folder) => join(debsRoot(), folder)),
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
].join(':')
