/** Compiles every `bpf/*.bpf.c` to `dist/bpf/*.bpf.o`; an object whose source, headers, flags and compiler are the same is kept. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cacheKey } from './cache.ts'
import { CLANG_LEAST, findClang } from './setup-clang.ts'
import { fail, say, SetupError } from './setup-say.ts'

const TOP = join(import.meta.dirname, '..')
const OUT = join(TOP, 'dist', 'bpf')
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/** BPF's third instruction set is in every kernel from 5.1 on; without debug information there would be no BTF. */
export const BPF_FLAGS: readonly string[] = [
  ...['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-fdebug-prefix-map=$TOP=.'],
  ...['-I', 'bpf/include', '-I', `/usr/include/${MULTIARCH[process.arch] ?? process.arch}`],
]

/** Builds what is out of date; returns the folder with the objects. */
export function buildBpf(): string {
  const sources = globSync('bpf/*.bpf.c', { cwd: TOP }).sort()
  const headers = globSync('bpf/**/*.h', { cwd: TOP }).sort()
  const clang = findClang()
  if (clang === undefined) throw new SetupError(`No clang-${CLANG_LEAST} or newer in PATH; 'npm run bpf' installs one`)
  const common = [clang, ...BPF_FLAGS, ...headers.flatMap((file) => [file, readFileSync(join(TOP, file))])]
  mkdirSync(OUT, { recursive: true })
  const objects = sources.map((source) => compile(clang, source, common))
  for (const file of globSync('*.bpf.{o,o.key}', { cwd: OUT })) {
    if (!objects.includes(file.replace(/\.key$/, ''))) rmSync(join(OUT, file))
  }
  return OUT
}

function compile(clang: string, source: string, common: readonly (string | Uint8Array)[]): string {
  const object = basename(source).replace(/\.c$/, '.o')
  const output = join(OUT, object)
  const key = cacheKey(...common, readFileSync(join(TOP, source)))
  if (existsSync(output) && existsSync(`${output}.key`) && readFileSync(`${output}.key`, 'utf8') === key) return object
  const fresh = `${output}.new-${process.pid}`
  const flags = BPF_FLAGS.map((flag) => flag.replace('$TOP', TOP))
  try {
    execFileSync(clang, [...flags, '-c', source, '-o', fresh], { cwd: TOP, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (cause) {
    const said = String((cause as { readonly stderr?: Uint8Array }).stderr ?? cause).trim()
    throw new SetupError(`${source} does not compile:\n${said}`, { cause })
  }
  renameSync(fresh, output)
  writeFileSync(`${output}.key`, key)
  say(`  ${source} compiled with ${basename(clang)}`)
  return object
}

if (import.meta.main) {
  try {
    process.stdout.write(`${buildBpf()}\n`)
  } catch (error) {
    fail(error)
  }
}
