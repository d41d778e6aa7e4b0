import { AGENT_API, type ServicesAnswer } from '#api/agent.ts'
import { ask } from '#cli/ask.ts'
import type { Outside } from '#cli/command.ts'

export async function runServiceList(outside: Outside): Promise<ServicesAnswer> {
  return ask<ServicesAnswer>(outside, AGENT_API.services)
}
