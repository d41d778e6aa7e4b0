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
import { join, resolve } from 'node:path'
import { binDir, cachePath, type Environment } from './cache.ts'
import { goBuild } from './setup-go.ts'
import { commandsOf, goArch, moduleFolder, PROGRAMS, type Program, programKey } from './setup-programs.ts'
import { downloadReleases } from './setup-releases.ts'
import { seconds } from './setup-run.ts'
import { fail, say } from './setup-say.ts'

/**
 * Sees to it that `bin` in the cache leads to every command. `$KUBEBUILDER_ASSETS` counts for a program of which it has all
 * commands: those of one cluster are to be of one version.
 */
export async function ensureAssets(env: Environment = process.env): Promise<void> {
  for (const program of PROGRAMS) {
    const folder = givenFolder(program, env['KUBEBUILDER_ASSETS']) ?? (await ensureProgram(program))
    for (const name of commandsOf(program)) link(join(folder, name), name)
  }
}

function givenFolder(program: Program, given: string | undefined): string | undefined {
  return given && commandsOf(program).every((name) => isExecutable(join(given, name))) ? resolve(given) : undefined
}

/** Brings a program into the cache; returns its folder as seen from `bin`, so that the cache can be moved. */
async function ensureProgram(program: Program): Promise<string> {
  const name = `${program.name}-${programKey(program)}`
  const folder = cachePath('programs', name)
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
  return join('..', 'programs', name)
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
