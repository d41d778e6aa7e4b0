/** What is said to whoever asks at a port, whatever he asks. */
export interface StatusPortAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly json: unknown
}

/** HTTP on TCP ports of all addresses of this node. */
export interface StatusPorts {
  /** Resolves when the port is listened at; `answer` is asked for each request. Rejects when somebody else has it. */
  open(port: number, answer: () => StatusPortAnswer): Promise<StatusPort>
}

export interface StatusPort {
  close(): Promise<void>
}
