import type { BpfMaps } from '#ports/bpf-maps.ts'

/** What a command may reach. `main.ts` opens it; tests hand in values. */
export interface Outside {
  /** `GET path` at the node's agent. Throws `CliError` when it does not answer. */
  askAgent(path: string): Promise<unknown>
  /** The pinned maps of this node, opened as they are asked for. */
  openMaps(): Promise<BpfMaps>
  nowMs(): number
}

/** A flag without a value, `--verbose`. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly sentence: string
}

/** By the name of the flag; absent is false. */
export type Flags = Readonly<Record<string, boolean | undefined>>

/** What a command found: as data for machines, as text for people. */
export interface Answer {
  readonly machine: unknown
  text(): string
  /** Of the process: 1 when what was looked at has failed as a whole; 0 when left out. */
  readonly exitCode?: 0 | 1
}

export interface CliCommand {
  /** `service list` is `['service', 'list']`. */
  readonly words: readonly string[]
  readonly sentence: string
  readonly flags: readonly Flag[]
  execute(outside: Outside, flags: Flags): Promise<Answer>
}
