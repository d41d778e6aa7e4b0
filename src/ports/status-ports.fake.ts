import type { StatusPortAnswer, StatusPorts } from './status-ports.ts'

export interface FakeStatusPorts extends StatusPorts {
  /** What the port says; undefined when nobody listens there. */
  ask(port: number): StatusPortAnswer | undefined
  /** Sorted. */
  listening(): readonly number[]
  /** Another process has it, or no longer. */
  occupy(port: number, isOccupied: boolean): void
}

export function createFakeStatusPorts(): FakeStatusPorts {
  const open = new Map<number, () => StatusPortAnswer>()
  const occupied = new Set<number>()
  return {
    open(port, answer) {
      if (occupied.has(port) || open.has(port)) {
        return Promise.reject(new Error(`listen EADDRINUSE: address already in use :::${port}`))
      }
      open.set(port, answer)
      return Promise.resolve({
        close: () => {
          open.delete(port)
          return Promise.resolve()
        },
      })
    },
    ask: (port) => open.get(port)?.(),
    listening: () => [...open.keys()].toSorted((a, b) => a - b),
    occupy: (port, isOccupied) => void (isOccupied ? occupied.add(port) : occupied.delete(port)),
  }
}
