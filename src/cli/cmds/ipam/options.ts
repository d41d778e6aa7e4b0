import type { CliCommand } from '#cli/command.ts'

export const IPAM_EXPLAIN: CliCommand = {
  words: ['ipam', 'explain'],
  sentence: 'Which pools are looked at for a Service, in which order, and why each gives it an address or none',
  flags: [],
  operand: { name: 'service', sentence: 'namespace/name; without a namespace: default' },
  async execute(outside, _flags, { service: [service = ''] = [] }) {
    const [{ runExplain }, { renderExplain }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const explained = await runExplain(outside, service)
    return { machine: explained, text: () => renderExplain(explained) }
  },
}

export const IPAM_WHAT_IF: CliCommand = {
  words: ['ipam', 'what-if'],
  sentence: 'Which Services would get other addresses if these pools and Services were applied; nothing is written',
  flags: [],
  lists: [{ name: 'filename', short: 'f', value: 'file', sentence: 'YAML or JSON, - for stdin; repeatable' }],
  async execute(outside, _flags, { filename = [] }) {
    const [{ runWhatIf }, { renderWhatIf }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const moves = await runWhatIf(outside, filename)
    return { machine: moves, text: () => renderWhatIf(moves) }
  },
}
