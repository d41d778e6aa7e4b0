import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { CLANG_LEAST, findClang } from './setup-clang.ts'
import { RunError, runLong } from './setup-run.ts'
import { say, SetupError } from './setup-say.ts'

/** A package that is installed, or the first there is of several that do the same. */
interface Need {
  readonly anyOf: readonly string[]
  /** Work goes on without it. */
  readonly optional?: boolean
}

const NEWEST_CLANG = 25

/** Build tools and tools that run on call; none of them has a service that its installation starts. */
const NEEDS: readonly Need[] = [
  ...['ca-certificates', 'curl', 'ethtool', 'git', 'iproute2', 'iptables', 'iputils-arping', 'iputils-ping'].map(one),
  ...['libbpf-dev', 'libbpf1', 'linux-libc-dev', 'nftables', 'openssl', 'skopeo', 'tcpdump', 'umoci'].map(one),
  { anyOf: ['bpftool', 'linux-tools-common'], optional: true },
]

const ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }
const QUIET = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300'] as const

/** Installs the build tools that this machine lacks, and those in `more`; says which. */
export async function ensureAptPackages(more: readonly string[] = []): Promise<void> {
  const installed = installedPackages()
  const clang: readonly Need[] = findClang() === undefined ? [{ anyOf: clangPackages() }] : []
  const lacking = [...clang, ...NEEDS, ...more.map(one)].filter(
    (need) => !need.anyOf.some((name) => installed.has(name)),
  )
  const wanted = lacking.filter((need) => !need.optional)
  if (wanted.length === 0) return
  if (globSync('/var/lib/apt/lists/*_Packages*').length === 0) await updateLists()
  let names = choose(lacking)
  if (names.missing.length > 0) {
    await updateLists()
    names = choose(lacking)
  }
  if (names.missing.length > 0) throw new SetupError(`apt knows none of these: ${names.missing.join('; ')}`)
  await install(names.chosen)
}

/** The packages that are installed on this machine. */
export function installedPackages(): ReadonlySet<string> {
  const format = '${db:Status-Abbrev}${Package}\n'
  const listed = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8', maxBuffer: 1 << 26 })
  return new Set(listed.split('\n').flatMap((line) => (line.startsWith('ii ') ? [line.slice(3)] : [])))
}

/** Fetches apt's package lists anew. */
export async function updateLists(): Promise<void> {
  say('  apt-get update')
  await runLong({ what: 'apt-get update', log: 'apt-update.log', command: ['apt-get', ...QUIET, 'update'], env: ENV })
}

async function install(names: readonly string[]): Promise<void> {
  say(`  apt-get install ${names.join(' ')}`)
  const command = ['apt-get', ...QUIET, '--no-install-recommends', '--no-remove', 'install', ...names] as const
  const run = () => runLong({ what: 'apt-get install', log: 'apt-install.log', command, env: ENV })
  try {
    await run()
  } catch (error) {
    if (!(error instanceof RunError)) throw error
    await updateLists() // lists that are some weeks old name files that the mirrors have no more
    await run()
  }
}

function choose(needs: readonly Need[]): { chosen: readonly string[]; missing: readonly string[] } {
  const known = candidates(needs.flatMap((need) => need.anyOf))
  const chosen: string[] = []
  const missing: string[] = []
  for (const need of needs) {
    const name = need.anyOf.find((candidate) => known.has(candidate))
    if (name !== undefined) chosen.push(name)
    else if (!need.optional) missing.push(need.anyOf.join(' or '))
  }
  return { chosen, missing }
}

function candidates(names: readonly string[]): ReadonlySet<string> {
  return parseAptPolicy(
    execFileSync('apt-cache', ['policy', ...names], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }),
  )
}

/** The packages that `apt-cache policy` has a candidate for. */
export function parseAptPolicy(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  let name = ''
  for (const line of text.split('\n')) {
    const heading = /^(\S+):$/.exec(line)
    if (heading) name = heading[1] ?? ''
    else if (/^ {2}Candidate: (?!\(none\))/.test(line)) found.add(name)
  }
  return found
}

function clangPackages(): readonly string[] {
  return Array.from({ length: NEWEST_CLANG - CLANG_LEAST + 1 }, (_, i) => `clang-${NEWEST_CLANG - i}`)
}

function one(name: string): Need {
  return { anyOf: [name] }
}
