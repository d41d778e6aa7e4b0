import { CliError } from './cli-error.ts'
import type { Outside } from './command.ts'

/** The version of the agent's API that this CLI reads (`src/api/agent.ts`). */
const API_VERSION = 1

/**
 * Asks the node's agent and checks the version of its answer. Fields are only ever added within a version, so the rest is taken as
 * `src/api` has it: agent and CLI are of one build.
 */
export async function ask<T extends { readonly version: typeof API_VERSION }>(
  outside: Outside,
  path: string,
): Promise<T> {
  const answer = await outside.askAgent(path)
  if (typeof answer !== 'object' || answer === null || !('version' in answer) || answer.version !== API_VERSION) {
    throw new CliError(
      `The agent's answer to ${path} is not of version ${API_VERSION} of its API`,
      'use the balise command of the image that the agent runs',
    )
  }
  return answer as T
}
