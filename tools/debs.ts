/**
 * Debian packages that are used without being installed: fetched with apt, which checks their signatures, and unpacked. No
 * maintainer script runs, so no service is started and nothing on the machine changes. Run as a program it unpacks those of
 * the lab and prints their root.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { cacheKey, cachePath, debsRoot } from './cache.ts'
import { closure, type Dependencies, isLibrary, parseAptDepends } from './debs-closure.ts'
import { installedPackages, updateLists } from './setup-apt.ts'
import { RunError, runLong } from './setup-run.ts'
import { fail, say, SetupError } from './setup-say.ts'

/** What runs on the lab's hosts; installed, some of them would start a service. */
export const LAB_PACKAGES: readonly string[] = [
  'bird2',
  'busybox-static',
  'catatonit',
  'containerd',
  'containernetworking-plugins',
  'docker-registry',
  'nginx',
  'runc',
]

/** Folders of a file system whose old places under `/` are links into `/usr`, as on every current Debian and Ubuntu. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'] as const

/** Fetches and unpacks what the lab's hosts run, with the libraries that this machine lacks; returns the root. */
export async function ensureLabDebs(): Promise<string> {
  const key = cacheKey(readFileSync('/etc/os-release'), readFileSync(import.meta.filename), ...LAB_PACKAGES)
  const stamp = `${debsRoot()}.lab-${key}` // apt is asked only when the list or the distribution has changed
  if (existsSync(stamp) && existsSync(debsRoot())) return debsRoot()
  const installed = installedPackages()
  const names = packageClosure(LAB_PACKAGES, (name) => isLibrary(name) && !installed.has(name))
  await unpackPackages(names, debsRoot(), 'for the hosts of the lab')
  writeFileSync(stamp, '')
  return debsRoot()
}

/** The packages and the libraries that they need; `follow` says which dependencies count. */
export function packageClosure(
  names: readonly string[],
  follow: (name: string) => boolean = isLibrary,
): readonly string[] {
  return closure(names, follow, aptDepends)
}

/**
 * Makes `root` hold exactly these packages. It is renewed when the packages' versions change, and left alone otherwise.
 * Returns the key of its contents.
 */
export async function unpackPackages(names: readonly string[], root: string, purpose: string): Promise<string> {
  try {
    return await unpackCandidates(names, root, purpose)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    await updateLists() // old lists name files that the mirrors have no more
    return await unpackCandidates(names, root, purpose)
  }
}

async function unpackCandidates(names: readonly string[], root: string, purpose: string): Promise<string> {
  const files = candidateFiles(names)
  const key = cacheKey(...files)
  const stamp = `${root}.key-${key}`
  if (existsSync(stamp) && existsSync(root)) return key
  const programs = names.filter((name) => !isLibrary(name))
  const libraries = names.length - programs.length
  say(`  ${programs.join(' ')} ${purpose} (libraries: ${libraries}), unpacked, not installed`)
  await fetchPackages(names, files)
  const fresh = `${root}.new-${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  for (const folder of MERGED) {
    mkdirSync(join(fresh, 'usr', folder), { recursive: true })
    symlinkSync(join('usr', folder), join(fresh, folder))
  }
  for (const file of files) unpack(join(poolDir(), file), fresh)
  rmSync(root, { recursive: true, force: true })
  renameSync(fresh, root)
  for (const old of readdirSync(join(root, '..'))) {
    if (old.startsWith(`${basename(root)}.key-`)) rmSync(join(root, '..', old))
  }
  writeFileSync(stamp, `${files.join('\n')}\n`)
  return key
}

function unpack(file: string, root: string): void {
  const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', file], { maxBuffer: 1 << 30 })
  execFileSync('tar', ['-x', '--keep-directory-symlink', '--no-same-owner', '-C', root], { input: tar })
}

/** File names that apt gives the packages' candidates: `<name>_<version>_<architecture>.deb`, the version's colon as %3a. */
function candidateFiles(names: readonly string[]): readonly string[] {
  const shown = aptCache(['show', '--no-all-versions', ...names])
  const files = shown.split('\n\n').flatMap((record) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? ''
    const version = field('Version').replaceAll(':', '%3a')
    return version === '' ? [] : [`${field('Package')}_${version}_${field('Architecture')}.deb`]
  })
  return files.sort()
}

async function fetchPackages(names: readonly string[], files: readonly string[]): Promise<void> {
  const missing = () => files.filter((file) => !existsSync(join(poolDir(), file)))
  if (missing().length === 0) return
  mkdirSync(poolDir(), { recursive: true })
  const wanted = names.filter((name) => missing().some((file) => file.startsWith(`${name}_`)))
  const command = ['apt-get', '-o', 'APT::Sandbox::User=root', 'download', ...wanted] as const
  try {
    await runLong({ what: 'Fetching Debian packages', log: 'apt-download.log', command, cwd: poolDir() })
  } catch (error) {
    if (!(error instanceof RunError)) throw error
    throw new SetupError(error.message, { cause: error })
  }
  const still = missing()
  if (still.length > 0) throw new SetupError(`apt-get download did not bring ${still.join(', ')}`)
}

function poolDir(): string {
  return cachePath('debs', 'pool')
}

function aptDepends(names: readonly string[]): Dependencies {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances']
  return parseAptDepends(aptCache(['depends', ...kinds.map((kind) => `--no-${kind}`), ...names]))
}

function aptCache(args: readonly string[]): string {
  try {
    return execFileSync('apt-cache', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })
  } catch (cause) {
    const said = String((cause as { readonly stderr?: string }).stderr ?? cause).trim()
    throw new SetupError(`apt-cache ${args[0]} failed: ${said}\nAre 'main' and 'universe' in apt's sources?`, { cause })
  }
}

if (import.meta.main) {
  await ensureLabDebs().then((root) => process.stdout.write(`${root}\n`), fail)
}
