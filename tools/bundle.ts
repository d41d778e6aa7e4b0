/** Bundles `balise` (CLI, agent and operator) into one folder; koffi's native part stands beside it. */
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { fail, say, SetupError } from './setup-say.ts'

const TOP = join(import.meta.dirname, '..')

/** koffi's own loader is bundled; it looks for the native file of the platform in a package beside it. */
const NATIVE = `@koromix/koffi-linux-${process.arch}`
const NATIVE_FILES: readonly string[] = ['package.json', 'index.js', `linux_${process.arch}/koffi.node`]

/**
 * Writes the bundle and koffi's native part into `folder`: `balise.mjs`, and a file for each part of the source that is imported when it
 * is needed, so that a command of the CLI loads neither the Kubernetes client nor an agent, and an agent no operator. Names are kept, so
 * that stacks stay legible.
 */
export async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  await build({
    absWorkingDir: TOP,
    entryPoints: [{ in: 'src/cli/main.ts', out: 'balise' }],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'linked',
    // CommonJS packages inside the bundle ask for Node's own modules by `require`
    banner: {
      js: "#!/usr/bin/node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  }).catch((cause: Error) => {
    throw new SetupError(`The bundle cannot be built: ${cause.message}`, { cause })
  })
  chmodSync(join(folder, 'balise.mjs'), 0o755)
  for (const file of NATIVE_FILES) {
    const to = join(folder, 'node_modules', NATIVE, file)
    mkdirSync(join(to, '..'), { recursive: true })
    cpSync(join(TOP, 'node_modules', NATIVE, file), to)
  }
  const octets = globSync('*.mjs', { cwd: folder }).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  say(`  bundle of ${Math.round(octets / 1024)} KiB`)
}

/** The version in package.json, which is the image's tag. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as { readonly version: string }).version
}

if (import.meta.main) {
  const folder = join(TOP, 'dist', 'bundle')
  await bundle(folder).then(() => process.stdout.write(`${folder}\n`), fail)
}
