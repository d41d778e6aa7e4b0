import { Command, InvalidArgumentError, Option } from 'commander'
import { FAULTS } from '#lab/faults/fault.ts'
import { LabError } from '#lab/state/lab-error.ts'
import { SetupError } from '#tools/setup-say.ts'
import { SIZES } from '#lab/topology/topology.ts'
import { down } from './cmds/down.ts'
import { environmentLines, kubeconfigPath } from './cmds/env.ts'
import { exec } from './cmds/exec.ts'
import { fault } from './cmds/fault.ts'
import { listLabs, renderListing } from './cmds/ps.ts'
import { up } from './cmds/up.ts'

const write = (line: string): void => void process.stdout.write(`${line}\n`)

function count(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('a number from 1 to 999 is wanted')
  return Number(text)
}

/** How commander ends: help that was asked for is no failure, anything that it did not understand is a misuse. */
const MISUSED = 2
const program = new Command('balise lab')
  .description('The laboratory: clusters in network namespaces of this machine')
  .enablePositionalOptions()
  .showHelpAfterError('--help tells what there is')
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : MISUSED))
const nameOption = (): Option => new Option('--name <lab>', 'Which lab, where there are several').env('BALISE_LAB')

program
  .command('up')
  .description('Bring a lab up')
  .option('--topology <name|file>', 'What it is made of', 'talos-l2')
  .option('--nodes <number>', 'So many nodes instead of those of the topology', count)
  .addOption(new Option('--size <size>', 'Whole nodes, or an API server alone').choices(SIZES))
  .option('--bare', 'Without Balise', false)
  .option('--detach', 'Leave it running and return', false)
  .addOption(
    new Option('--check', 'Walk the guide, take the lab down, and let the exit code say how it went')
      .default(false)
      .conflicts('detach'),
  )
  .addOption(new Option('--name <lab>', "Its name, if not the topology's"))
  .action(async (options) => {
    const interrupted = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())
    process.exitCode = await up(options, interrupted.signal, write)
  })

program
  .command('down')
  .description('Take a lab down, whatever is left of it')
  .option('--all', 'Every lab of this machine', false)
  .addOption(nameOption())
  .action(async (options) => {
    process.exitCode = await down(options, write)
  })

program
  .command('ps')
  .description('The hosts of all labs, or of one')
  .addOption(new Option('-o, --output <format>', 'How to print it').choices(['table', 'json']).default('table'))
  .addOption(nameOption())
  .action((options) => {
    const listing = listLabs(options.name)
    const lines = options.output === 'json' ? [JSON.stringify(listing, undefined, 2)] : renderListing(listing)
    for (const line of lines) write(line)
  })

program
  .command('kubeconfig')
  .description("Print the path of a kubeconfig that works from this machine's shell")
  .addOption(nameOption())
  .action((options) => write(kubeconfigPath(options.name)))

program
  .command('env')
  .description('Print settings for a shell: eval "$(bin/balise lab env)"')
  .addOption(nameOption())
  .action((options) => {
    for (const line of environmentLines(options.name)) write(line)
  })

program
  .command('exec <target> [command...]')
  .description('Run a program on a host, or in the network of pod/NAMESPACE/NAME')
  .addOption(nameOption())
  .passThroughOptions()
  .action(async (target: string, command: string[], options) => {
    const argv = command[0] === '--' ? command.slice(1) : command // commander leaves it in when options are passed through
    process.exitCode = await exec({ name: options.name, target, argv: argv.length === 0 ? ['sh'] : argv })
  })

program
  .command('fault <kind> [arguments...]')
  .description('Let something go wrong, or end it')
  .addHelpText('after', () =>
    ['', 'Faults:', ...FAULTS.map(([usage, what]) => `  ${usage.padEnd(27)}${what}`)].join('\n'),
  )
  .addOption(nameOption())
  .option('--no-follow', 'Do not wait until the addresses of Services answer again')
  .action(async (kind: string, words: string[], options) => {
    await fault({ name: options.name, words: [kind, ...words], follow: options.follow }, write)
  })

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof LabError || error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
