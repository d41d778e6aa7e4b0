import type { NetworkOp, NodeNetworkState } from '#model/node-network.ts'

/** Routes, overlay device and masquerade table of this node's network namespace. */
export interface NodeNetwork {
  /** What is there. Rejects when the kernel cannot be asked. */
  read(): Promise<NodeNetworkState>
  /**
   * Does the changes in order, each whatever became of those before it. Answers for each why it failed, in the words of the kernel; undefined
   * when it is done.
   */
  apply(ops: readonly NetworkOp[]): Promise<readonly (string | undefined)[]>
  /** A route that an agent made went away: look again. Never says which. Ends when the signal aborts. */
  losses(signal: AbortSignal): AsyncIterable<void>
  /** The masquerade table changed, by us or by somebody else: look again. Ends when the signal aborts. */
  ruleChanges(signal: AbortSignal): AsyncIterable<void>
}
