import { AGENT_API, type StatusAnswer } from '#api/agent.ts'
import { ask } from '#cli/ask.ts'
import type { Outside } from '#cli/command.ts'

export interface StatusView {
  readonly answer: StatusAnswer
  /** When it was asked, for ages. */
  readonly nowMs: number
}

export async function runStatus(outside: Outside): Promise<StatusView> {
  return { answer: await ask<StatusAnswer>(outside, AGENT_API.status), nowMs: outside.nowMs() }
}
