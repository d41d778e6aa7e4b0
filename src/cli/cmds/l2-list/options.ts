import type { CliCommand } from '#cli/command.ts'

export const L2_LIST: CliCommand = {
  words: ['l2', 'list'],
  sentence: 'Which node answers for each address, and why the others do not',
  looksAt: ['agent'],
  flags: [],
  async execute(outside) {
    const [{ runL2List }, { renderL2List }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const answer = await runL2List(outside)
    return { machine: answer, text: () => renderL2List(answer) }
  },
}
