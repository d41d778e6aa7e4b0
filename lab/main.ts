import { Command, InvalidArgumentError, Option } from 'commander'
import { LabError } from '#lab/state/lab-error.ts'
import { SIZES } from '#lab/topology/topology.ts'
import { down } from './cmds/down.ts'
import { up } from './cmds/up.ts'

const write = (line: string): void => void process.stdout.write(`${line}\n`)

function count(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('a number from 1 to 999 is wanted')
  return Number(text)
}

const program = new Command('balise lab')
const nameOption = (): Option => new Option('--name <lab>', 'which lab, where there are several').env('BALISE_LAB')

program
  .command('up')
  .description('bring a lab up')
  .option('--topology <name|file>', 'what it is made of', 'skeleton')
  .option('--nodes <number>', 'so many nodes instead of those of the topology', count)
  .addOption(new Option('--size <size>', 'whole nodes, or an API server alone').choices(SIZES))
  .option('--bare', 'without Balise', false)
  .option('--detach', 'leave it running and return', false)
  .option('--check', 'walk the guide, take the lab down, and let the exit code say how it went', false)
  .addOption(new Option('--name <lab>', 'its name, if not the topology\'s'))
  .action(async (options) => {
    process.exitCode = await up(options, write)
  })

program
  .command('down')
  .description('take a lab down, whatever is left of it')
  .option('--all', 'every lab of this machine', false)
  .addOption(nameOption())
  .action(async (options) => {
    process.exitCode = await down(options, write)
  })

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof LabError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
