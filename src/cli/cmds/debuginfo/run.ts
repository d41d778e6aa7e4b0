import { AGENT_API, type DebuginfoAnswer } from '#api/agent.ts'
import { ask } from '#cli/ask.ts'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { type LbDump, runBpfLbList } from '#cli/cmds/bpf-lb-list/run.ts'

export interface DebuginfoView {
  readonly answer: DebuginfoAnswer
  /** What the pinned maps hold, or why they could not be read. */
  readonly maps: LbDump | CliError
  readonly nowMs: number
}

/** Needs the agent; the maps are left out with the reason when they cannot be read. */
export async function runDebuginfo(outside: Outside): Promise<DebuginfoView> {
  const answer = await ask<DebuginfoAnswer>(outside, AGENT_API.debuginfo)
  return { answer, maps: await readMaps(outside), nowMs: outside.nowMs() }
}

async function readMaps(outside: Outside): Promise<LbDump | CliError> {
  try {
    return await runBpfLbList(outside)
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
}
