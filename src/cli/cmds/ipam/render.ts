import { formatTable } from '#cli/table.ts'
import type { ExplainedLook, ExplainedService, ToldMove } from './run.ts'

export function renderExplain(explained: ExplainedService): string {
  const { service, addresses, reason, message, looks, assumed } = explained
  const head = `Service ${service}: ${addresses.join(', ') || '<none>'} (${reason})\n`
  return [
    head,
    message === '' ? '' : `${message}\n`,
    ...looks.map(renderLook),
    unwritten(explained),
    remarkOf(assumed),
  ].join('')
}

/** What an operator would give is not what the Service has, as long as none runs. */
function unwritten({ addresses, shown }: ExplainedService): string {
  const missing = addresses.filter((address) => !shown.includes(address))
  if (missing.length === 0) return ''
  return `\nThe status of the Service does not show ${missing.join(', ')} yet: if that stays so, does the operator run? kubectl get pods -A -l app.kubernetes.io/component=operator\n`
}

function remarkOf(assumed: string): string {
  if (assumed === '') return ''
  return `\nThe operator is taken to have its default settings, for ${assumed}: give others by flags (--help names them)\n`
}

function renderLook({ wanted, got, sharedWith, pools }: ExplainedLook): string {
  const shared = sharedWith.length === 0 ? '' : `, shared with ${sharedWith.join(', ')}`
  const table = formatTable([['POOL', 'ANSWER'], ...pools.map(({ pool, answer }) => [pool, answer])])
  return `\n${wanted}: ${got ?? '<none>'}${shared}\n${pools.length === 0 ? 'No pool is in force\n' : table}`
}

export function renderWhatIf(moves: readonly ToldMove[], assumed = '', remarks: readonly string[] = []): string {
  return [renderMoves(moves), remarks.length === 0 ? '' : `\n${remarks.join('\n')}\n`, remarkOf(assumed)].join('')
}

function renderMoves(moves: readonly ToldMove[]): string {
  if (moves.length === 0) return 'No Service would get another address\n'
  const text = (addresses: readonly string[]): string => addresses.join(', ') || '<none>'
  const rows = moves.map(({ service, from, to, message }) => [service, text(from), text(to), message])
  return formatTable([['SERVICE', 'FROM', 'TO', 'MESSAGE'], ...rows])
}
