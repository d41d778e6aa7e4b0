import type { BpfMaps } from '#ports/bpf-maps.ts'
import type { KubeApi } from '#ports/kube-api.ts'
import type { NodeRemains } from './node-remains.ts'

/** What a command may reach. `main.ts` opens it; tests hand in values. */
export interface Outside {
  /** `GET path` at the node's agent. Throws `CliError` when it does not answer. */
  askAgent(path: string): Promise<unknown>
  /** The pinned maps of this node, opened as they are asked for. */
  openMaps(): Promise<BpfMaps>
  /** The API server that the environment names, as kubectl finds it. Throws `CliError` when it names none that can be read. */
  openKube(): Promise<KubeApi>
  /**
   * What agent and plugin left on the machine that the command runs on; `hostRoot` is where its file system is, empty for `/`. Throws `CliError` when
   * the environment names folders that are none.
   */
  openNode(hostRoot: string): Promise<NodeRemains>
  /** A file as text; `-` is stdin. Throws `CliError` when it cannot be read. */
  readText(path: string): Promise<string>
  nowMs(): number
}

/** A flag without a value, `--verbose`. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly sentence: string
}

/** A flag with a value that may be given several times, `-f FILE`. */
export interface ListFlag extends Flag {
  /** What the value is, for the help: `file`. */
  readonly value: string
}

/** By the name of the flag, in the order given. */
export type Lists = Readonly<Record<string, readonly string[] | undefined>>

/** By the name of the flag; absent is false. */
export type Flags = Readonly<Record<string, boolean | undefined>>

/** What a command found: as data for machines, as text for people. */
export interface Answer {
  readonly machine: unknown
  text(): string
  /** Of the process: 1 when what was looked at has failed as a whole; 0 when left out. */
  readonly exitCode?: 0 | 1
}

/** What a command is about, behind its words: `ipam explain SERVICE`. */
export interface Operand {
  readonly name: string
  readonly sentence: string
  /** One or more of them. */
  readonly several?: boolean
}

/** The agent behind its socket, or what is pinned in the BPF file system. */
export type NodePlace = 'agent' | 'pins'

export interface CliCommand {
  /** `service list` is `['service', 'list']`. */
  readonly words: readonly string[]
  readonly sentence: string
  readonly flags: readonly Flag[]
  readonly lists?: readonly ListFlag[]
  /** What of its node it looks at: the help has flags only for these. Commands that ask the cluster, or nobody, look at none. */
  readonly looksAt?: readonly NodePlace[]
  /** Given to `execute` as a list under its name. */
  readonly operand?: Operand
  execute(outside: Outside, flags: Flags, lists: Lists): Promise<Answer>
}
