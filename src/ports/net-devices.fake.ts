import type { Device } from '#model/device.ts'
import { createFakeChanges } from './changes.fake.ts'
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
  const changes = createFakeChanges()
  return {
    list: () => current,
    listeners: () => changes.listeners(),
    set(next) {
      current = next
      changes.tell()
    },
    changes: (signal) => changes.listen(signal),
  }
}
