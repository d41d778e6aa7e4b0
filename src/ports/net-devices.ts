import type { Device } from '#model/device.ts'

/** The network interfaces of this node (rtnetlink). */
export interface NetDevices {
  list(): readonly Device[]
  /** Something about links or addresses changed: look again. Never says what. Ends when the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<void>
}
