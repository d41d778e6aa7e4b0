import { execFileSync } from 'node:child_process'
import type { Environment } from './cache.ts'

/** Where an image comes from, as its annotations say. */
export interface Provenance {
  /** Commit; with `-dirty` behind it where files differ from it. None outside of a checkout. */
  readonly revision: string | undefined
  /** URL of the repository: `$BALISE_IMAGE_SOURCE`, else where the checkout was cloned from, if that is on the web. */
  readonly source: string | undefined
  /** RFC 3339. `$SOURCE_DATE_EPOCH` (reproducible-builds.org), else the commit's time, else 1970. */
  readonly created: string
}

/** Looks at the checkout in `folder`; only changes below `inputs` make it dirty. Throws when a variable cannot be read. */
export function readProvenance(folder: string, inputs: readonly string[], env: Environment): Provenance {
  const git = (...args: readonly string[]) => ask(folder, args)
  const commit = git('rev-parse', 'HEAD')
  const isDirty = commit !== undefined && git('status', '--porcelain', '--', ...inputs) !== undefined
  const seconds = env['SOURCE_DATE_EPOCH'] || git('log', '-1', '--format=%ct') || '0'
  return {
    revision: isDirty ? `${commit}-dirty` : commit,
    source: env['BALISE_IMAGE_SOURCE'] || sourceUrl(git('remote', 'get-url', 'origin') ?? ''),
    created: timeOf(seconds),
  }
}

/** What a browser or `git clone` takes of the URL of a remote, without a name or password in it. None for a path. */
export function sourceUrl(remote: string): string | undefined {
  const [, host, path] = /^[\w.-]+@([\w.-]+):([^/].*)$/.exec(remote) ?? []
  const url = URL.parse(host === undefined ? remote : `https://${host}/${path}`)
  if (url === null || !['http:', 'https:', 'ssh:'].includes(url.protocol)) return undefined
  return `https://${url.hostname}${url.protocol === 'ssh:' ? '' : url.port && `:${url.port}`}${url.pathname}`
}

function timeOf(seconds: string): string {
  const time = new Date(Number(seconds) * 1000)
  if (!/^\d+$/.test(seconds) || Number.isNaN(time.getTime()))
    throw new Error(`SOURCE_DATE_EPOCH is ${JSON.stringify(seconds)}, not a number of seconds since 1970`)
  return time.toISOString().replace('.000Z', 'Z')
}

/** What git says; none when it says nothing, fails or is not there. */
function ask(folder: string, args: readonly string[]): string | undefined {
  try {
    const said = execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return said.trim() || undefined
  } catch {
    return undefined // an unpacked archive is no checkout, and a checkout may have been cloned from nowhere
  }
}
