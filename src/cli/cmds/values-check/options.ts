import type { CliCommand } from '#cli/command.ts'

export const VALUES_CHECK: CliCommand = {
  words: ['values', 'check'],
  sentence: "What each value of a file for the chart, or for Cilium's, will do; whether it can be installed",
  flags: [],
  operand: { name: 'file', sentence: 'values as YAML or JSON, - for stdin; each file for itself', several: true },
  async execute(outside, _flags, { file: paths = [] }) {
    const [{ runValuesCheck }, { renderValuesCheck }] = await Promise.all([import('./run.ts'), import('./render.ts')])
    const checked = await runValuesCheck(outside, paths)
    return {
      machine: checked,
      text: () => renderValuesCheck(checked),
      exitCode: checked.every(({ installable }) => installable) ? 0 : 1,
    }
  },
}
