import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { statusPortsContract } from '#ports/status-ports.contract.ts'
import type { StatusPortAnswer } from '#ports/status-ports.ts'
import { createStatusPorts } from './status-ports.ts'

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function ask(port: number, host = '127.0.0.1'): Promise<StatusPortAnswer | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/whatever`, { headers: { connection: 'close' } })
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-')))
    return { status: response.status, headers, json: await response.json() }
  } catch {
    return undefined // nobody listens
  }
}

statusPortsContract('createStatusPorts()', { ports: createStatusPorts(), freePort, ask })

test('createStatusPorts() listens at every address of the node', async () => {
  const port = await freePort()
  const opened = await createStatusPorts().open(port, () => ({ status: 200, headers: {}, json: {} }))
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address)
  assert.ok(addresses.length > 0)
  for (const address of addresses) assert.equal((await ask(port, address))?.status, 200, address)
  await opened.close()
})
