import type { CliCommand } from '#cli/command.ts'

export const STATUS: CliCommand = {
  words: ['status'],
  sentence: "How this node's agent is, and what is not as it should be",
  looksAt: ['agent'],
  flags: [{ name: 'verbose', short: 'v', sentence: 'Also watched resources, attachments, maps, counters and drops' }],
  async execute(outside, flags) {
    const [{ runStatus }, { renderStatus }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const { answer, nowMs } = await runStatus(outside)
    return {
      machine: answer,
      text: () => renderStatus(answer, { nowMs, verbose: flags['verbose'] === true }),
      exitCode: answer.state === 'failed' ? 1 : 0,
    }
  },
}
