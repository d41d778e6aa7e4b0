import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Release } from './setup-programs.ts'

/** A release host that does not answer within this is given up: the Go build takes its place. */
const FIRST_ANSWER_MS = 4_000
const DOWNLOAD_MS = 300_000

/** A file of a release has not the SHA-256 that was published for it. */
export class ChecksumError extends Error {}

/** Downloads the commands of the releases into `folder`, or says why not: a network without them is no error. */
export async function downloadReleases(releases: readonly Release[], folder: string): Promise<string | undefined> {
  const checksums: string[] = []
  for (const release of releases) {
    const sum = await fetchText(release.checksumUrl)
    if (!sum.ok) return sum.why
    const found = checksumOf(sum.text, basename(release.url))
    if (found === undefined) return `${release.checksumUrl} has no checksum of ${basename(release.url)}`
    checksums.push(found)
  }
  for (const [i, release] of releases.entries()) {
    const why = await downloadOne(release, checksums[i] ?? '', folder)
    if (why !== undefined) return why
  }
  return undefined
}

/** The SHA-256 for `file` in a text that holds it alone or in lines of `<sum>  <file>`. */
export function checksumOf(text: string, file: string): string | undefined {
  for (const line of text.trim().split('\n')) {
    const [sum = '', name] = line.trim().split(/\s+\*?/)
    if (/^[0-9a-f]{64}$/.test(sum) && (name === undefined || basename(name) === file)) return sum
  }
  return undefined
}

async function downloadOne(release: Release, checksum: string, folder: string): Promise<string | undefined> {
  let bytes: Uint8Array
  try {
    const response = await fetch(release.url, { signal: AbortSignal.timeout(DOWNLOAD_MS) })
    if (!response.ok) return `${release.url} answers ${response.status}`
    bytes = new Uint8Array(await response.arrayBuffer())
  } catch (error) {
    return `${release.url}: ${reason(error)}`
  }
  const had = createHash('sha256').update(bytes).digest('hex')
  if (had !== checksum) throw new ChecksumError(`${release.url} has SHA-256 ${had}, published is ${checksum}`)
  mkdirSync(folder, { recursive: true })
  for (const [name, path] of release.commands) {
    if (path === '') writeFileSync(join(folder, name), bytes, { mode: 0o755 })
    else unpack(bytes, path, folder)
  }
  return undefined
}

function unpack(archive: Uint8Array, path: string, folder: string): void {
  const file = join(folder, '.archive')
  writeFileSync(file, archive)
  const strip = `--strip-components=${path.split('/').length - 1}`
  execFileSync('tar', ['-xzf', file, '-C', folder, strip, path])
  rmSync(file)
}

async function fetchText(url: string): Promise<{ ok: true; text: string } | { ok: false; why: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FIRST_ANSWER_MS) })
    return response.ok
      ? { ok: true, text: await response.text() }
      : { ok: false, why: `${url} answers ${response.status}` }
  } catch (error) {
    return { ok: false, why: `${new URL(url).host}: ${reason(error)}` }
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) return cause.message
  return error instanceof Error ? error.message : String(error)
}
