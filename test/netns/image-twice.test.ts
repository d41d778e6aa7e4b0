import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { cachePath } from '#tools/cache.ts'
import { buildImage } from '#tools/image.ts'

const TOP = join(import.meta.dirname, '../..')
/** What the cache has of others: packages, the CNI plugin, and the layer of Debian and Node, which take longest to make. */
const SHARED = ['debs/pool', 'cni'] as const
const BASE = 'images/balise-base'

let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blt-twice-'))
  await buildImage()
})

after(() => rmSync(folder, { recursive: true }))

/** A checkout with a cache of its own, as `umask` has it made. */
interface Clone {
  readonly path: string
  readonly cache: string
  readonly umask: string
}

function cloneCheckout(origin: string, name: string, umask: string): Clone {
  const [path, cache] = [join(folder, name), join(folder, `${name}.cache`)]
  execFileSync('sh', ['-c', `umask ${umask}; exec git clone --quiet "$0" "$1"`, origin, path])
  symlinkSync(join(TOP, 'node_modules'), join(path, 'node_modules'))
  mkdirSync(join(cache, 'debs'), { recursive: true })
  for (const shared of SHARED) if (existsSync(cachePath(shared))) symlinkSync(cachePath(shared), join(cache, shared))
  cpSync(cachePath(BASE), join(cache, BASE), { recursive: true })
  return { path, cache, umask }
}

/** Builds the image there. Digest of the manifest. */
async function build(clone: Clone, environment: Readonly<Record<string, string>>): Promise<string> {
  const print = "import('./tools/image.ts').then(m => m.buildImage()).then(({ digest }) => console.log(digest))"
  const built = await promisify(execFile)('sh', ['-c', `umask ${clone.umask}; exec bin/node -e "$0"`, print], {
    cwd: clone.path,
    env: { ...process.env, BALISE_CACHE: clone.cache, ...environment },
  })
  return built.stdout.trim()
}

test('two clones give one image, whatever their place, umask, time zone and language', async () => {
  const first = cloneCheckout(TOP, 'one', '022')
  const second = cloneCheckout(first.path, 'quite-another', '077') // of the same commit, should there be a new one meanwhile
  const one = await build(first, { TZ: 'UTC', LC_ALL: 'C' })
  const two = await build(second, { TZ: 'Pacific/Auckland', LC_ALL: 'C.UTF-8' })
  assert.match(one, /^sha256:[0-9a-f]{64}$/)
  assert.equal(two, one)
})
