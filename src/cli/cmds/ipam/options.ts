import type { CliCommand } from '#cli/command.ts'
import { OPERATOR_FLAGS } from './operator-settings.ts'

export const IPAM_EXPLAIN: CliCommand = {
  words: ['ipam', 'explain'],
  sentence: 'Which pools are looked at for a Service, in which order, and why each gives it an address or none',
  flags: [],
  lists: OPERATOR_FLAGS,
  operand: { name: 'service', sentence: 'namespace/name; without a namespace: default' },
  async execute(outside, _flags, { service: [service = ''] = [], ...settings }) {
    const [{ runExplain }, { renderExplain }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const explained = await runExplain(outside, service, settings)
    return { machine: explained, text: () => renderExplain(explained) }
  },
}

export const IPAM_WHAT_IF: CliCommand = {
  words: ['ipam', 'what-if'],
  sentence: 'Which Services would get other addresses if these pools and Services were applied; nothing is written',
  flags: [],
  lists: [
    { name: 'filename', short: 'f', value: 'file', sentence: 'YAML or JSON, - for stdin; repeatable' },
    { name: 'delete', value: 'object', sentence: 'as if kind/name or kind/namespace/name were deleted; repeatable' },
    ...OPERATOR_FLAGS,
  ],
  async execute(outside, _flags, { filename = [], delete: deleted = [], ...settings }) {
    const [{ runWhatIf }, { renderWhatIf }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const { moves, assumed, remarks } = await runWhatIf(outside, { paths: filename, deleted, settings })
    return { machine: moves, text: () => renderWhatIf(moves, assumed, remarks) }
  },
}
