import { formatTable } from '#cli/table.ts'
import type { ExplainedLook, ExplainedService, ToldMove } from './run.ts'

export function renderExplain({ service, addresses, reason, message, looks, assumed }: ExplainedService): string {
  const head = `Service ${service}: ${addresses.join(', ') || '<none>'} (${reason})\n`
  return [head, message === '' ? '' : `${message}\n`, ...looks.map(renderLook), remarkOf(assumed)].join('')
}

function remarkOf(assumed: string): string {
  if (assumed === '') return ''
  return `\nThe operator is taken to have its default settings, for ${assumed}: give others by flags (--help names them)\n`
}

function renderLook({ wanted, got, sharedWith, pools }: ExplainedLook): string {
  const shared = sharedWith.length === 0 ? '' : `, shared with ${sharedWith.join(', ')}`
  const table = formatTable([['POOL', 'ANSWER'], ...pools.map(({ pool, answer }) => [pool, answer])])
  return `\n${wanted}: ${got ?? '<none>'}${shared}\n${pools.length === 0 ? 'There is no pool\n' : table}`
}

export function renderWhatIf(moves: readonly ToldMove[], assumed = ''): string {
  if (moves.length === 0) return `No Service would get another address\n${remarkOf(assumed)}`
  const text = (addresses: readonly string[]): string => addresses.join(', ') || '<none>'
  const rows = moves.map(({ service, from, to, message }) => [service, text(from), text(to), message])
  return formatTable([['SERVICE', 'FROM', 'TO', 'MESSAGE'], ...rows]) + remarkOf(assumed)
}
