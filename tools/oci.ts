import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { goArch } from './setup-programs.ts'

/** The configuration of an image as the OCI image specification has it, as far as we use it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Of the configuration, and as annotations of the manifest: some tools read these, some those. */
  readonly labels?: Readonly<Record<string, string>>
  /** When the image was made, as RFC 3339 has it; the layers' files bear no time. 1970 when left out. */
  readonly created?: string
}

/** A layout says of what it was made by an empty file of this name and the key. */
const KEY = 'key-'

/** Layers bear this time, so that the same contents give the same image. */
const CREATED = '1970-01-01T00:00:00Z'

/**
 * Writes an OCI layout with one image: for each folder a layer, the lowest first. The tar files are sorted, owned by root, without times
 * and without what the umask did to the modes, so that equal folders give equal layers. `base` is a layout of the same tag to build upon.
 */
export function writeImage(
  layout: string,
  tag: string,
  folders: readonly string[],
  config: ImageConfig,
  base?: string,
): void {
  const fresh = `${layout}.new-${process.pid}`
  const image = `${fresh}:${tag}`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(dirname(fresh), { recursive: true })
  if (base === undefined) {
    umoci('init', '--layout', fresh)
    umoci('new', '--image', image)
  } else {
    cpSync(base, fresh, { recursive: true, filter: (path) => !basename(path).startsWith(KEY) })
  }
  for (const folder of folders) {
    const tar = `${fresh}.tar`
    writeTar(folder, tar)
    umoci('raw', 'add-layer', '--image', image, '--history.created', CREATED, '--history.created_by', 'balise', tar)
    rmSync(tar)
  }
  umoci('config', '--image', image, '--no-history', ...configFlags(config))
  umoci('gc', '--layout', fresh)
  rmSync(layout, { recursive: true, force: true })
  renameSync(fresh, layout)
}

/** The flags of `umoci config`; an image always says its platform. */
export function configFlags(config: ImageConfig): readonly string[] {
  const many = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value])
  const pairs = (record: Readonly<Record<string, string>> = {}) => Object.entries(record).map(([k, v]) => `${k}=${v}`)
  return [
    ...['--os', 'linux', '--architecture', goArch(), '--created', config.created ?? CREATED],
    ...many('--config.entrypoint', config.entrypoint),
    ...many('--config.cmd', config.cmd ?? []),
    ...many('--config.env', pairs({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...config.env })),
    ...many('--config.label', pairs(config.labels)),
    ...many('--manifest.annotation', pairs(config.labels)),
  ]
}

/** The digest of the manifest under `tag`: what a reference `name@sha256:…` names. Throws when the layout has no such image. */
export function imageDigest(layout: string, tag: string): string {
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as ImageIndex
  const found = manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag)
  if (found === undefined) throw new Error(`${layout} has no image under ${tag}`)
  return found.digest
}

/** `index.json` of an OCI layout. */
interface ImageIndex {
  readonly manifests: readonly {
    readonly digest: string
    readonly annotations?: Readonly<Record<string, string>>
  }[]
}

/**
 * Runs `make` when there is no layout of this key yet. Returns whether it did.
 */
export async function onceForKey(layout: string, key: string, make: () => Promise<void>): Promise<boolean> {
  const stamp = join(layout, `${KEY}${key}`)
  if (existsSync(stamp)) return false
  await make()
  writeFileSync(stamp, '')
  return true
}

/**
 * Gives every folder and program the mode 755 and every other file 644, for whatever umask made them; only folders that everybody may write
 * to (1777) stay so. No file keeps a setuid bit.
 */
export function settleModes(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isSymbolicLink()) continue
    const { mode } = lstatSync(path)
    if (entry.isDirectory()) settleModes(path)
    const isOpen = entry.isDirectory() && (mode & 0o1000) !== 0
    chmodSync(path, isOpen ? 0o1777 : entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644)
  }
  chmodSync(folder, 0o755)
}

function writeTar(folder: string, tar: string): void {
  settleModes(folder)
  const steady = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu']
  execFileSync('tar', [...steady, '-cf', tar, '-C', folder, '.'])
}

function umoci(...args: readonly string[]): void {
  execFileSync('umoci', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
