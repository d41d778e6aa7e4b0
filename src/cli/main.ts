/** The entry of `balise` (and of `cilium-dbg`, its other name in the image). Only this file touches stdout, stderr and the exit code. */
import { basename } from 'node:path'
import { CommanderError } from 'commander'
import { BALISE_VERSION } from '#model/version.ts'
import { CliError, MisuseError } from './cli-error.ts'
import { COMMANDS } from './commands.ts'
import { createOutside } from './outside.ts'
import { formatAnswer } from './output.ts'
import { createProgram, type Invocation, type ProcessName } from './program.ts'

const EXIT_FAILED = 1
const EXIT_MISUSED = 2

process.exitCode = await main(process.argv)

async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram({
    name: basename(argv[1] ?? '') === 'cilium-dbg' ? 'cilium-dbg' : 'balise',
    version: BALISE_VERSION,
    commands: COMMANDS,
    onCommand: async (invocation) => {
      exitCode = await runCommand(invocation)
    },
    onProcess: async (name) => {
      exitCode = await runProcess(name)
    },
  })
  try {
    await program.parseAsync([...argv])
    return exitCode
  } catch (error) {
    // Commander has said on stderr what is wrong with the arguments; help and version are errors to it that have code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_MISUSED
    if (!(error instanceof CliError)) throw error
    process.stderr.write(`Error: ${error.message}\n${error.remedy}\n`)
    return error instanceof MisuseError ? EXIT_MISUSED : EXIT_FAILED
  }
}

/** Who reads us may stop before the end (`| head`): that is no failure of ours. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

async function runCommand({ command, flags, lists, output, settings }: Invocation): Promise<number> {
  endQuietlyWithoutReader()
  const answer = await command.execute(createOutside(settings, command.words), flags, lists)
  process.stdout.write(formatAnswer(answer, output))
  return answer.exitCode ?? 0
}

async function runProcess(name: ProcessName): Promise<number> {
  switch (name) {
    case 'agent':
      return await (await import('#agents/agent/main.ts')).main()
    case 'operator':
      return await (await import('#agents/operator/main.ts')).main()
  }
}
