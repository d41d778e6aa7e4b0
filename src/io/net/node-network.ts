import { formatIp, WIDTH_BITS } from '#model/ip.ts'
import {
  HOST_PORT_TABLE,
  MASQUERADE_TABLE,
  type NetworkOp,
  OVERLAY_DEVICE,
  ROUTE_PROTOCOL,
  type Route,
} from '#model/node-network.ts'
import { formatPrefix } from '#model/prefix.ts'
import type { NodeNetwork } from '#ports/node-network.ts'
import { readForwardDrops } from './forward-chains.ts'
import { readRoutes, readVxlans } from './ip-json.ts'
import { deleteTable, MasqueradeTable } from './masquerade-table.ts'
import { watchRouteLosses, watchTable } from './link-changes.ts'
import { runProgram } from './run-program.ts'

/** The network of this process's namespace, by iproute2 and nft. */
export function createNodeNetwork(): NodeNetwork {
  const table = new MasqueradeTable()
  return {
    async read() {
      const [ipv4, ipv6, links, masquerade, forwardDrops] = await Promise.all([
        ask(['ip', '-4', '-Numeric', '-json', 'route', 'show', 'table', 'main']),
        ask(['ip', '-6', '-Numeric', '-json', 'route', 'show', 'table', 'main']),
        ask(['ip', '-json', '-details', 'address', 'show', 'type', 'vxlan']),
        table.read(),
        readForwardDrops(),
      ])
      return {
        routes: [...readRoutes(ipv4, 'IPv4'), ...readRoutes(ipv6, 'IPv6')],
        ...readVxlans(links),
        ...masquerade,
        forwardDrops,
      }
    },
    async apply(ops) {
      const outcomes: (string | undefined)[] = []
      for (const group of groupByProgram(ops)) outcomes.push(...(await applyGroup(group, table)))
      return outcomes
    },
    losses: (signal) => watchRouteLosses(ROUTE_PROTOCOL, signal),
    ruleChanges: (signal) => watchTable(MASQUERADE_TABLE, signal),
  }
}

async function ask(argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv)
  if (code !== 0) throw new Error(`${argv.join(' ')} failed: ${stderr.trim()}`)
  return stdout
}

/** Neighbours that one run of a program can do. */
function groupByProgram(ops: readonly NetworkOp[]): readonly (readonly NetworkOp[])[] {
  const groups: NetworkOp[][] = []
  for (const op of ops) {
    const last = groups.at(-1)
    if (last?.[0] !== undefined && !isNft(op) && !isNft(last[0])) last.push(op)
    else groups.push([op])
  }
  return groups
}

function isNft({ kind }: NetworkOp): boolean {
  return kind === 'setMasquerade' || kind === 'deleteMasquerade' || kind === 'deleteHostPorts'
}

async function applyGroup(ops: readonly NetworkOp[], table: MasqueradeTable): Promise<readonly (string | undefined)[]> {
  const [first] = ops
  if (first?.kind === 'setMasquerade') return [await table.set(first.ruleset)]
  if (first?.kind === 'deleteMasquerade') return [await table.delete()]
  if (first?.kind === 'deleteHostPorts') return [await deleteTable(HOST_PORT_TABLE)]
  return await runBatch(ops)
}

/** One run of `ip -batch` for all: a line for each command, and the failures tell the line. */
async function runBatch(ops: readonly NetworkOp[]): Promise<readonly (string | undefined)[]> {
  const commands = ops.flatMap((op, index) => commandsOf(op).map((text) => ({ text, index })))
  const { stderr } = await runProgram(['ip', '-force', '-batch', '-'], commands.map(({ text }) => `${text}\n`).join(''))
  const outcomes: (string | undefined)[] = ops.map(() => undefined)
  for (const { line, words } of readFailures(stderr)) {
    const command = commands[line - 1]
    const op = command === undefined ? undefined : ops[command.index]
    if (command === undefined || op === undefined || isDoneAlready(op, words)) continue
    outcomes[command.index] ??= words
  }
  return outcomes
}

/** `Error: ...` or `RTNETLINK answers: ...`, then `Command failed -:3`. */
function readFailures(stderr: string): readonly { readonly line: number; readonly words: string }[] {
  const failures: { line: number; words: string }[] = []
  let words: string[] = []
  for (const said of stderr.split('\n')) {
    const line = /^Command failed -:(\d+)/.exec(said)?.[1]
    if (line === undefined) words.push(said)
    else {
      const reason = words.filter((text) => text.trim() !== '').join(' ')
      failures.push({ line: Number(line), words: reason.replace(/^(RTNETLINK answers|Error): /, '') || 'refused' })
      words = []
    }
  }
  return failures
}

/** Deleting what is gone, adding what is there. */
function isDoneAlready(op: NetworkOp, words: string): boolean {
  switch (op.kind) {
    case 'deleteOverlay':
    case 'deleteRoute':
    case 'deleteOverlayAddress':
    case 'deletePodDevice':
      return /Cannot find device|No such (device|process)|Cannot assign requested address|not found/i.test(words)
    case 'addOverlayAddress':
      return /File exists|already assigned/i.test(words)
    case 'createOverlay':
    case 'setOverlayMtu':
    case 'addRoute':
    case 'replaceRoute':
    case 'setMasquerade':
    case 'deleteMasquerade':
    case 'deleteHostPorts':
      return false
  }
}

/** Lines for `ip -batch`. Without ARP and NDP: the eBPF program on the device knows which node a packet goes to. */
function commandsOf(op: NetworkOp): readonly string[] {
  switch (op.kind) {
    case 'createOverlay':
      return [
        `link add ${OVERLAY_DEVICE} mtu ${op.mtuBytes} type vxlan external dstport ${op.portUdp}`,
        `link set dev ${OVERLAY_DEVICE} addrgenmode none`, // on its own: together with "up" it would come too late
        `link set dev ${OVERLAY_DEVICE} arp off multicast off up`,
      ]
    case 'deleteOverlay':
      return [`link delete dev ${OVERLAY_DEVICE}`]
    case 'setOverlayMtu':
      return [`link set dev ${OVERLAY_DEVICE} mtu ${op.mtuBytes}`]
    case 'addOverlayAddress':
    case 'deleteOverlayAddress': {
      const { family } = op.address
      const verb = op.kind === 'addOverlayAddress' ? 'add' : 'delete'
      const withoutDad = family === 'IPv6' && verb === 'add' ? ' nodad' : ''
      return [`address ${verb} ${formatIp(op.address)}/${WIDTH_BITS[family]} dev ${OVERLAY_DEVICE}${withoutDad}`]
    }
    case 'addRoute':
      return [`route add ${routeWords(op.route)}`]
    case 'replaceRoute':
      return [`route replace ${routeWords(op.route)}`]
    case 'deleteRoute':
      return [`route delete ${routeWords(op.route)}`]
    case 'deletePodDevice':
      return [`link delete dev ${op.device}`]
    case 'setMasquerade':
    case 'deleteMasquerade':
    case 'deleteHostPorts':
      throw new Error(`${op.kind} is not for ip`)
  }
}

function routeWords({ to, via, device, source }: Route): string {
  const next = via === undefined ? '' : ` via ${formatIp(via)}`
  const from = source === undefined ? '' : ` src ${formatIp(source)}`
  return `${formatPrefix(to)}${next} dev ${device}${from} table main protocol ${ROUTE_PROTOCOL}`
}
