import { CliError } from '#cli/cli-error.ts'
import { lbDumpForMachines, renderBpfLbList } from '#cli/cmds/bpf-lb-list/render.ts'
import { renderL2List } from '#cli/cmds/l2-list/render.ts'
import { renderServiceList } from '#cli/cmds/service-list/render.ts'
import { renderStatus } from '#cli/cmds/status/render.ts'
import type { DebuginfoView } from './run.ts'

/** Markdown with the titles of `cilium-dbg debuginfo`, where it has the same thing. */
export function renderDebuginfo({ answer, maps, nowMs }: DebuginfoView): string {
  const { status, kernel, nodeVersion } = answer
  return [
    '# Balise debug information\n',
    block('Balise version', `${status.baliseVersion} (Node ${nodeVersion})\n`),
    block('Kernel version', `${kernel}\n`),
    block('Balise status', renderStatus(status, { nowMs, verbose: true })),
    block('Balise environment keys', optionLines(answer.options)),
    block('Service list', renderServiceList(answer.services)),
    block('L2 announcements', renderL2List(answer.l2)),
    block('BPF LB list', maps instanceof CliError ? `${maps.message}\n` : renderBpfLbList(maps)),
  ].join('\n')
}

/** The agent's answer, and the maps beside it. */
export function debuginfoForMachines({ answer, maps }: DebuginfoView): unknown {
  const bpfLbList = maps instanceof CliError ? { error: maps.message } : lbDumpForMachines(maps)
  return { ...answer, bpfLbList }
}

function block(title: string, text: string): string {
  return `#### ${title}\n\n\`\`\`\n${text}\`\`\`\n`
}

/** `enable-l2-announcements:true`, one a line. */
function optionLines(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('')
}
