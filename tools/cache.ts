import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The folder where everything is kept that the lab and the builds need and that is neither in the repository nor installed on
 * the machine: `$BALISE_CACHE`, else `$XDG_CACHE_HOME/balise`, else `~/.cache/balise`. It can be deleted at any time.
 */
export function cacheDir(env: Environment = process.env): string {
  const own = env['BALISE_CACHE']
  if (own) return resolve(own)
  const xdg = env['XDG_CACHE_HOME']
  if (xdg && isAbsolute(xdg)) return join(xdg, 'balise') // the XDG specification has relative ones ignored
  return join(env['HOME'] || homedir(), '.cache', 'balise')
}

/** A path in the cache. */
export function cachePath(...parts: readonly string[]): string {
  return join(cacheDir(), ...parts)
}

/** Programs of Kubernetes, helm and CoreDNS. */
export function binDir(): string {
  return cachePath('bin')
}

/** Debian packages that run in the lab alone, unpacked: `usr/bin/containerd`, `usr/sbin/runc`, `usr/lib/cni/...`. */
export function debsRoot(): string {
  return cachePath('debs', 'root')
}

/** OCI layouts of the lab's images and of Balise's own. */
export function imagesDir(): string {
  return cachePath('images')
}

/** A key for what was made from these parts: 16 hexadecimal digits. The same parts in the same order give the same key. */
export function cacheKey(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 16)
}
