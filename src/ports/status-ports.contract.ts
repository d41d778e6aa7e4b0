import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusPortAnswer, StatusPorts } from './status-ports.ts'

export interface StatusPortsHarness {
  readonly ports: StatusPorts
  /** A port that nobody has. */
  freePort(): Promise<number>
  /** Undefined when nobody listens. */
  ask(port: number): Promise<StatusPortAnswer | undefined>
}

/** What every StatusPorts does. */
export function statusPortsContract(what: string, { ports, freePort, ask }: StatusPortsHarness): void {
  test(`${what}: open() answers each request anew, close() ends it`, async () => {
    const port = await freePort()
    let count = 0
    const opened = await ports.open(port, () => ({
      status: 503,
      headers: { 'x-count': String(++count) },
      json: { count },
    }))
    assert.deepEqual(await ask(port), { status: 503, headers: { 'x-count': '1' }, json: { count: 1 } })
    assert.deepEqual(await ask(port), { status: 503, headers: { 'x-count': '2' }, json: { count: 2 } })
    await opened.close()
    assert.equal(await ask(port), undefined)
    const again = await ports.open(port, () => ({ status: 200, headers: {}, json: null }))
    assert.equal((await ask(port))?.status, 200)
    await again.close()
  })

  test(`${what}: open() of a port that is taken rejects and names it`, async () => {
    const port = await freePort()
    const answer = (): StatusPortAnswer => ({ status: 200, headers: {}, json: null })
    const first = await ports.open(port, answer)
    await assert.rejects(ports.open(port, answer), (error: Error) => error.message.includes(String(port)))
    await first.close()
  })
}
