import { MisuseError } from '#cli/cli-error.ts'
import type { CliCommand, Lists } from '#cli/command.ts'

export const CLEANUP: CliCommand = {
  words: ['cleanup'],
  sentence: 'Undo on this node all that its agent and plugin made, after Balise was uninstalled',
  looksAt: ['agent', 'pins'],
  flags: [
    { name: 'dry-run', sentence: 'Only say what would be done' },
    { name: 'force', sentence: 'Also while an agent runs here: it will make most of it again' },
    { name: 'pods', sentence: "Also take the pods' devices away: running pods lose their network" },
  ],
  lists: [
    {
      name: 'host-root',
      value: 'folder',
      sentence: "Where the node's file system is, as in a pod of `kubectl debug node`: /host",
    },
  ],
  async execute(outside, flags, lists) {
    const [{ runCleanup }, { renderCleanup }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const node = await outside.openNode(hostRoot(lists))
    const answer = await runCleanup(node, {
      dryRun: flags['dry-run'] === true,
      force: flags['force'] === true,
      pods: flags['pods'] === true,
    })
    return {
      machine: answer,
      text: () => renderCleanup(answer),
      exitCode: answer.steps.some(({ outcome }) => outcome === 'failed') ? 1 : 0,
    }
  },
}

function hostRoot(lists: Lists): string {
  const [root = '', ...more] = lists['host-root'] ?? []
  if (more.length > 0) throw new MisuseError('--host-root is given twice', 'give it once')
  if (root !== '' && !root.startsWith('/'))
    throw new MisuseError(`--host-root ${root} is not an absolute path`, 'write it as /host')
  return root.replace(/\/+$/, '')
}
