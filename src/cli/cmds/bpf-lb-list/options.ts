import type { CliCommand } from '#cli/command.ts'

export const BPF_LB_LIST: CliCommand = {
  words: ['bpf', 'lb', 'list'],
  sentence: "What the kernel's load-balancing maps hold on this node; works without the agent",
  looksAt: ['pins'],
  flags: [
    { name: 'frontends', sentence: 'Only the frontends, with counts and flags' },
    { name: 'backends', sentence: 'Only the backends, by id' },
    { name: 'revnat', sentence: 'Only the reverse NAT entries, by frontend id' },
  ],
  async execute(outside, flags) {
    const [{ runBpfLbList }, { chooseLbView, LB_VIEWS, lbRowsForMachines, renderLbRows }] = await Promise.all([
      import('./run.ts'),
      import('./render.ts'),
    ])
    const view = LB_VIEWS[chooseLbView(flags)]
    const rows = view.rows(await runBpfLbList(outside))
    return { machine: lbRowsForMachines(rows), text: () => renderLbRows(view.headings, rows) }
  },
}
