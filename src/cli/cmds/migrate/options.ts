import type { CliCommand } from '#cli/command.ts'

export const MIGRATE_METALLB: CliCommand = {
  words: ['migrate', 'metallb'],
  sentence: 'What a configuration of MetalLB becomes, and what cannot be kept; of the cluster when no file is named',
  flags: [],
  lists: [
    { name: 'filename', short: 'f', value: 'file', sentence: 'YAML or JSON to read instead, - for stdin; repeatable' },
  ],
  async execute(outside, _flags, lists) {
    const [{ runMigrateMetallb }, { renderMigration }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const migration = await runMigrateMetallb(outside, lists)
    const isFlawed = migration.outcomes.some(({ notes }) => notes.some(({ kind }) => kind === 'mistake'))
    return { machine: migration, text: () => renderMigration(migration), exitCode: isFlawed ? 1 : 0 }
  },
}
