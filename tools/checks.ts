/** One thing that `npm run check` looks at. Each takes seconds and needs no root. */
export interface Check {
  readonly name: string
  /** What it holds, for people. */
  readonly holds: string
  readonly argv: readonly string[]
}

export const CHECKS: readonly Check[] = [
  { name: 'tsc', holds: 'types', argv: ['tsc', '-p', '.'] },
  { name: 'oxlint', holds: 'rules of style, with types', argv: ['oxlint', '--deny-warnings'] },
  { name: 'biome', holds: 'format', argv: ['biome', 'format', '--reporter=summary', '.'] },
  { name: 'layers', holds: 'who may import whom', argv: [process.execPath, 'tools/check-layers.ts'] },
  {
    name: 'docs',
    holds: 'generated parts are current',
    argv: [process.execPath, 'tools/generated-docs.ts', '--check'],
  },
  { name: 'knip', holds: 'no unused file, export or dependency', argv: ['knip', '--no-progress'] },
]
