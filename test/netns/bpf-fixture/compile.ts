import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '#test/netns/own-namespaces.ts'
import { findClang } from '#tools/setup-clang.ts'

const MULTIARCH: { readonly [machine: string]: string } = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/** Compiles the programs of the tests into `folder`, with macros as in `{ BACKENDS: 32 }`; the folder is what `openBpfPrograms` takes. */
export function compileFixture(folder: string, macros: Readonly<Record<string, number>> = {}): string {
  mkdirSync(folder, { recursive: true })
  const defines = Object.entries(macros).map(([name, value]) => `-D${name}=${value}`)
  compileBpf(join(import.meta.dirname, 'balise_fixture.bpf.c'), join(folder, 'balise_fixture.bpf.o'), defines)
  return folder
}

/** Compiles one file of eBPF C. */
export function compileBpf(source: string, output: string, flags: readonly string[] = []): void {
  const clang = findClang()
  if (clang === undefined) throw new Error('These tests need clang: tools/setup.sh installs it')
  const include = `/usr/include/${MULTIARCH[process.arch] ?? process.arch}`
  run(clang, '-target', 'bpf', '-g', '-O2', '-Wall', '-Werror', '-I', include, ...flags, '-c', source, '-o', output)
}
