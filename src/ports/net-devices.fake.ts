import type { Device } from '#model/device.ts'
import type { NetDevices } from './net-devices.ts'

export interface FakeNetDevices extends NetDevices {
  /** Replaces all devices and tells everyone who waits for changes. */
  set(devices: readonly Device[]): void
  /** How many wait for changes. */
  listeners(): number
}

/** Devices that are as the test says. */
export function createFakeNetDevices(devices: readonly Device[] = []): FakeNetDevices {
  let current = devices
  const listeners = new Set<() => void>()
  return {
    list: () => current,
    listeners: () => listeners.size,
    set(next) {
      current = next
      for (const tell of listeners) tell()
    },
    changes(signal) {
      return listen(listeners, signal)
    },
  }
}

function listen(listeners: Set<() => void>, signal: AbortSignal): AsyncIterable<void> {
  let changed = false
  let wake = (): void => {}
  const tell = (): void => {
    changed = true
    wake()
  }
  const stop = (): void => {
    listeners.delete(tell)
    signal.removeEventListener('abort', stop)
    wake()
  }
  if (!signal.aborted) {
    listeners.add(tell)
    signal.addEventListener('abort', stop)
  }
  async function* iterate(): AsyncGenerator<void> {
    try {
      while (!signal.aborted) {
        if (!changed) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        if (signal.aborted) return
        changed = false
        yield
      }
    } finally {
      stop()
    }
  }
  return { [Symbol.asyncIterator]: iterate }
}
