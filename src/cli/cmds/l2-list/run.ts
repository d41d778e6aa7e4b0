import { AGENT_API, type L2Answer } from '#api/agent.ts'
import { ask } from '#cli/ask.ts'
import type { Outside } from '#cli/command.ts'

export async function runL2List(outside: Outside): Promise<L2Answer> {
  return ask<L2Answer>(outside, AGENT_API.l2)
}
