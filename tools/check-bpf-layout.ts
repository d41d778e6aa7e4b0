/** Compares what the compiled BPF objects say about shared structs and enums with the codecs and numbers of `src/wire/bpf`. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { BPF_ENUMS } from '#wire/bpf/consts.ts'
import { BPF_LAYOUTS } from '#wire/bpf/layouts.ts'
import { compareLayouts, type LayoutComparison } from './bpf-layout.ts'
import { readBtf } from './btf.ts'
import { buildBpf } from './build-bpf.ts'
import { fail } from './setup-say.ts'

/** All objects in `folder`. Everything that user space has must occur in one of them. */
export function checkLayouts(folder: string): LayoutComparison {
  const results = globSync('*.bpf.o', { cwd: folder })
    .toSorted()
    .map((object) => ({ object, ...compareLayouts(readBtf(join(folder, object)), BPF_LAYOUTS, BPF_ENUMS) }))
  const compared = [...new Set(results.flatMap((result) => result.compared))]
  const wanted = [...BPF_LAYOUTS.map(({ struct }) => struct), ...Object.keys(BPF_ENUMS)]
  const missing = wanted.filter((name) => !compared.includes(name))
  return {
    compared,
    problems: [
      ...results.flatMap(({ object, problems }) => problems.map((problem) => `${object}: ${problem}`)),
      ...missing.map((name) => `${name} is in no object: name it in bpf/layout.bpf.c`),
    ],
  }
}

if (import.meta.main) {
  try {
    const { compared, problems } = checkLayouts(buildBpf())
    for (const problem of problems) process.stderr.write(`${problem}\n`)
    process.stdout.write(`${compared.length} structs and enums compared, ${problems.length} problems\n`)
    process.exitCode = problems.length === 0 ? 0 : 1
  } catch (error) {
    fail(error)
  }
}
