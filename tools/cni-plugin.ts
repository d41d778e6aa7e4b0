/** Builds the CNI plugin `cni/` for the image and for tests. Run as a program it prints the path of the binary for this machine. */
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cacheKey, cachePath } from './cache.ts'
import { goBuild } from './setup-go.ts'
import { goArch } from './setup-programs.ts'
import { fail, say } from './setup-say.ts'

/** The plugin's Go module. */
export const CNI_MODULE: string = join(import.meta.dirname, '..', 'cni')

const LDFLAGS = '-s -w -buildid='

export interface CniPluginVariant {
  /** As Node says it: `x64`, `arm64`. That of this machine where it is not given. */
  readonly arch?: string
  /** With the places at which tests end it (`cni/internal/crash`); never for the image. */
  readonly crashPoints?: boolean
}

/**
 * Path of the plugin's static binary `balise-cni`, built if the cache has none of these sources. It is one program for two plugins: under
 * the name `loopback` it is that one. The same sources and Go give the same octets.
 */
export async function cniPlugin({ arch = process.arch, crashPoints = false }: CniPluginVariant = {}): Promise<string> {
  const variant = `${goArch(arch)}${crashPoints ? '-crashpoints' : ''}`
  const folder = cachePath('cni', `${variant}-${sourceKey()}`)
  const output = join(folder, 'balise-cni')
  if (existsSync(output)) return output
  mkdirSync(folder, { recursive: true })
  const fresh = `${output}.new-${process.pid}`
  const tags = crashPoints ? ['crashpoints'] : []
  try {
    await goBuild(`Building the CNI plugin for ${variant}`, CNI_MODULE, '.', LDFLAGS, fresh, {
      arch: goArch(arch),
      tags,
    })
    say(`  CNI plugin of ${Math.round(statSync(fresh).size / 1024)} KiB for ${variant}`)
    renameSync(fresh, output)
  } finally {
    rmSync(fresh, { force: true })
  }
  return output
}

/** A key of all that goes into the binary: not of the tests beside it. */
function sourceKey(): string {
  const files = globSync('{go.mod,go.sum,**/*.go}', { cwd: CNI_MODULE }).filter((file) => !file.endsWith('_test.go'))
  return cacheKey(LDFLAGS, ...files.toSorted().flatMap((file) => [file, readFileSync(join(CNI_MODULE, file))]))
}

if (import.meta.main) {
  await cniPlugin().then((path) => process.stdout.write(`${path}\n`), fail)
}
