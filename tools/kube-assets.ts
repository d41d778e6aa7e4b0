/**
 * The programs of a cluster: etcd, the Kubernetes commands, helm and CoreDNS. Looked for in this order: `$KUBEBUILDER_ASSETS`,
 * the cache, the official releases with their checksums, a Go build. Run as a program it makes them and prints their folder.
 */
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { binDir, cachePath, type Environment } from './cache.ts'
import { goBuild } from './setup-go.ts'
import { commandsOf, goArch, moduleFolder, PROGRAMS, type Program, programKey } from './setup-programs.ts'
import { downloadReleases } from './setup-releases.ts'
import { seconds } from './setup-run.ts'
import { fail, say } from './setup-say.ts'

/** Path of a command of a cluster (`etcd`, `kubelet`, `helm`, ...): in `$KUBEBUILDER_ASSETS` if it is there, else in the cache. */
export function assetPath(command: string, env: Environment = process.env): string {
  const given = env['KUBEBUILDER_ASSETS']
  const path = given ? join(given, command) : ''
  return path !== '' && isExecutable(path) ? path : join(binDir(), command)
}

/** Brings every program into the cache that neither `$KUBEBUILDER_ASSETS` nor the cache has. */
export async function ensureAssets(env: Environment = process.env): Promise<void> {
  for (const program of PROGRAMS) {
    const given = env['KUBEBUILDER_ASSETS']
    if (given && commandsOf(program).every((name) => isExecutable(join(given, name)))) continue
    await ensureProgram(program)
  }
}

async function ensureProgram(program: Program): Promise<void> {
  const folder = cachePath('programs', `${program.name}-${programKey(program)}`)
  if (!existsSync(folder)) {
    const made = `${folder}.new-${process.pid}`
    rmSync(made, { recursive: true, force: true })
    try {
      await makeProgram(program, made)
      renameSync(made, folder)
    } finally {
      rmSync(made, { recursive: true, force: true })
    }
  }
  for (const name of commandsOf(program))
    link(join('..', 'programs', `${program.name}-${programKey(program)}`, name), name)
}

async function makeProgram(program: Program, folder: string): Promise<void> {
  say(`  ${program.name} ${program.version}: looking for the official release`)
  const why = await downloadReleases(program.releases(goArch()), folder)
  if (why === undefined) return
  const startMs = performance.now()
  say(
    `  ${program.name} ${program.version}: no release (${why}); building it with Go, the first time about ${program.buildSeconds} s`,
  )
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await goBuild(
    `Building ${program.name}`,
    moduleFolder(program),
    program.package,
    program.ldflags,
    join(folder, program.name),
  )
  for (const name of program.calledAs) symlinkSync(program.name, join(folder, name))
  say(`  ${program.name} ${program.version}: built in ${seconds(startMs)} s`)
}

/** Makes `bin/<name>` lead to the program, replacing in one step what stood there. */
function link(target: string, name: string): void {
  const path = join(binDir(), name)
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(path) === target) return
  mkdirSync(binDir(), { recursive: true })
  const fresh = `${path}.new-${process.pid}`
  symlinkSync(target, fresh)
  renameSync(fresh, path)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // absent or not ours to run: both mean that another place is looked at
  }
}

if (import.meta.main) {
  await ensureAssets().then(() => process.stdout.write(`${binDir()}\n`), fail)
}
