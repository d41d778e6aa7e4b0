import type { CliCommand } from '#cli/command.ts'

export const DEBUGINFO: CliCommand = {
  words: ['debuginfo'],
  sentence: 'Everything about this node at once, as Markdown: for a report or for grep',
  looksAt: ['agent', 'pins'],
  flags: [],
  async execute(outside) {
    const [{ runDebuginfo }, { debuginfoForMachines, renderDebuginfo }] = await Promise.all([
      import('./run.ts'),
      import('./render.ts'),
    ])
    const view = await runDebuginfo(outside)
    return { machine: debuginfoForMachines(view), text: () => renderDebuginfo(view) }
  },
}
