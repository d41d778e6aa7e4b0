import type { CliCommand } from '#cli/command.ts'

export const SERVICE_LIST: CliCommand = {
  words: ['service', 'list'],
  sentence: 'The frontends of all Services on this node, and their backends',
  looksAt: ['agent'],
  flags: [],
  async execute(outside) {
    const [{ runServiceList }, { renderServiceList, serviceListForMachines }] = await Promise.all([
      import('./run.ts'),
      import('./render.ts'),
    ])
    const answer = await runServiceList(outside)
    return { machine: serviceListForMachines(answer), text: () => renderServiceList(answer) }
  },
}
