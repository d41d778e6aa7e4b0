import { Command, Option } from 'commander'
import type { CliCommand, Flag, Flags, Lists, NodePlace } from './command.ts'
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts'

/** Where the command looks; the environment may say it instead, under the names that the agent reads. */
export interface Settings {
  readonly socket: string
  readonly bpfFs: string
  readonly pinDir: string
}

export interface Invocation {
  readonly command: CliCommand
  readonly flags: Flags
  readonly lists: Lists
  readonly output: OutputFormat
  readonly settings: Settings
}

export interface ProgramOptions {
  /** How the user called us: `balise` or `cilium-dbg`. */
  readonly name: string
  readonly version: string
  readonly commands: readonly CliCommand[]
  readonly onCommand: (invocation: Invocation) => Promise<void>
  /** `agent` and `operator`: the processes of the image. */
  readonly onProcess: (name: ProcessName) => Promise<void>
}

export type ProcessName = 'agent' | 'operator'

const PROCESSES: { readonly [P in ProcessName]: string } = {
  agent: "Run this node's agent, in the foreground; the chart does so in a DaemonSet",
  operator: 'Run the operator, in the foreground; the chart does so in a Deployment',
}

/** Commander's program for our table of commands. Throws `CommanderError` instead of ending the process. */
export function createProgram({ name, version, commands, onCommand, onProcess }: ProgramOptions): Command {
  const program = new Command(name)
    .description('Balise: LoadBalancer addresses for Services on bare metal')
    .version(version, '--version', 'Print the version and end')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('--help tells what there is')
  const groups = new Map<string, Command>()
  for (const command of commands) {
    const leaf = parentOf(program, command.words, groups).command(command.words.at(-1) ?? '')
    leaf.description(command.sentence)
    for (const flag of command.flags) {
      leaf.option(flagWords(flag), flag.sentence)
    }
    for (const list of command.lists ?? []) {
      leaf.addOption(new Option(`${flagWords(list)} <${list.value}>`, list.sentence).argParser(collect))
    }
    for (const option of optionsOf(command)) leaf.addOption(option)
    const { operand } = command
    if (operand === undefined) {
      leaf.action(async (options: GivenOptions) => onCommand(readInvocation(command, options)))
    } else {
      leaf.argument(operand.several === true ? `<${operand.name}...>` : `<${operand.name}>`, operand.sentence)
      leaf.action(async (value: string | readonly string[], options: GivenOptions) =>
        onCommand(readInvocation(command, options, { [operand.name]: typeof value === 'string' ? [value] : value })),
      )
    }
  }
  for (const process of Object.keys(PROCESSES) as ProcessName[]) {
    program
      .command(process)
      .description(PROCESSES[process])
      .action(async () => onProcess(process))
  }
  return program
}

function flagWords({ short, name }: Flag): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}`
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** `bpf lb` for `bpf lb list`, made when it is first needed. */
function parentOf(program: Command, words: readonly string[], groups: Map<string, Command>): Command {
  let parent = program
  for (const [index, word] of words.slice(0, -1).entries()) {
    const key = words.slice(0, index + 1).join(' ')
    const group = groups.get(key) ?? parent.command(word).description(GROUPS[key] ?? '')
    groups.set(key, group)
    parent = group
  }
  return parent
}

const GROUPS: Readonly<Record<string, string>> = {
  service: 'What Services have become on this node',
  bpf: "What the kernel's maps hold",
  'bpf lb': 'The load-balancing maps',
  l2: 'Addresses announced on the local network',
  ipam: 'Addresses of Services, and the pools that they are from',
  node: 'The nodes and their agents',
  migrate: 'What the configuration of another load balancer becomes',
  values: 'Values files for the chart',
}

type GivenOptions = CommonOptions & Flags & Lists

interface CommonOptions extends Partial<Settings> {
  readonly output: OutputFormat
}

const DEFAULTS: Settings = { socket: '/run/balise/agent.sock', bpfFs: '/sys/fs/bpf', pinDir: 'balise' }

function optionsOf({ looksAt = [] }: CliCommand): readonly Option[] {
  return [
    new Option('-o, --output <format>', 'How to print it').choices(OUTPUT_FORMATS).default('text'),
    ...looksAt.flatMap((place) => PLACE_OPTIONS[place]()),
  ]
}

const PLACE_OPTIONS: { readonly [P in NodePlace]: () => readonly Option[] } = {
  agent: () => [new Option('--socket <path>', "The agent's socket").env('BALISE_SOCKET').default(DEFAULTS.socket)],
  pins: () => [
    new Option('--bpf-fs <path>', 'Where the BPF file system is mounted').env('BALISE_BPF_FS').default(DEFAULTS.bpfFs),
    new Option('--pin-dir <name>', 'The folder of our pins in it').env('BALISE_PIN_DIR').default(DEFAULTS.pinDir),
  ],
}

function readInvocation(command: CliCommand, options: GivenOptions, operand: Lists = {}): Invocation {
  const { output, socket, bpfFs, pinDir } = { ...DEFAULTS, ...options }
  const flags = Object.fromEntries(command.flags.map(({ name }) => [name, options[attributeOf(name)] === true]))
  const lists = Object.fromEntries((command.lists ?? []).map(({ name }) => [name, options[attributeOf(name)] ?? []]))
  return { command, flags, lists: { ...lists, ...operand }, output, settings: { socket, bpfFs, pinDir } }
}

/** Where commander keeps the value of `--dry-run`. */
function attributeOf(name: string): string {
  return new Option(`--${name}`).attributeName()
}
