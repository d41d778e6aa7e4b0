import type { CliCommand } from '#cli/command.ts'

export const VERSION: CliCommand = {
  words: ['version'],
  sentence: 'The version of this command, of Node and of the kernel',
  flags: [],
  async execute() {
    const [{ runVersion }, { renderVersion }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const data = runVersion()
    return { machine: data, text: () => renderVersion(data) }
  },
}
