import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetDevices } from './net-devices.ts'

export interface OpenNetDevices {
  readonly devices: NetDevices
  /** Changes something about the devices. */
  change(): void
}

const BOUND = { timeout: 20_000 }

/** What every `NetDevices` promises: run on the fake and on the kernel's. */
export function netDevicesContract(subject: string, open: () => OpenNetDevices): void {
  test(`${subject} tells of a change that came before anyone waited`, BOUND, async () => {
    const { devices, change } = open()
    const controller = new AbortController()
    const changes = devices.changes(controller.signal)[Symbol.asyncIterator]()
    change()
    assert.equal((await changes.next()).done, false)
    controller.abort()
    assert.equal((await changes.next()).done, true)
  })

  test(`${subject} tells of a change that comes while someone waits`, BOUND, async () => {
    const { devices, change } = open()
    const controller = new AbortController()
    const changes = devices.changes(controller.signal)[Symbol.asyncIterator]()
    const next = changes.next()
    change()
    assert.equal((await next).done, false)
    await changes.return?.()
    controller.abort()
  })

  test(`${subject} ends a wait when the signal aborts`, BOUND, async () => {
    const controller = new AbortController()
    const changes = open().devices.changes(controller.signal)[Symbol.asyncIterator]()
    const next = changes.next()
    controller.abort()
    assert.equal((await next).done, true)
  })

  test(`${subject} ends at once when the signal has aborted already`, BOUND, async () => {
    const changes = open().devices.changes(AbortSignal.abort())[Symbol.asyncIterator]()
    assert.equal((await changes.next()).done, true)
  })

  test(`${subject} tells each of several who wait`, BOUND, async () => {
    const { devices, change } = open()
    const controller = new AbortController()
    const waits = [1, 2, 3].map(() => devices.changes(controller.signal)[Symbol.asyncIterator]().next())
    change()
    assert.deepEqual(
      (await Promise.all(waits)).map(({ done }) => done),
      [false, false, false],
    )
    controller.abort()
  })
}
