import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { after, before, beforeEach, afterEach, describe, test } from 'node:test'
import { FaultyProxy } from './proxy.ts'

describe('FaultyProxy', () => {
  let folder: string
  let echo: Server
  let proxy: FaultyProxy
  let path: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'balise-proxy-'))
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
  })
  after(() => {
    echo.close()
    rmSync(folder, { recursive: true })
  })
  beforeEach(async () => {
    proxy = new FaultyProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port })
    path = join(folder, 'proxy.sock')
    await proxy.listen({ path })
  })
  afterEach(() => proxy.close())

  const open = (): Socket => connect(path).on('error', () => {})
  const ask = async (socket: Socket): Promise<string> => {
    socket.write('hello')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  }

  test('passes octets both ways', async () => {
    const socket = open()
    assert.equal(await ask(socket), 'hello')
    socket.destroy()
  })

  test('cut ends the connections that are there and those that come', async () => {
    const old = open()
    await ask(old)
    const oldEnds = once(old, 'close')
    proxy.fault = { kind: 'cut' }
    await oldEnds
    await once(open(), 'close')
  })

  test('hang passes nothing on until the fault ends, and then everything', async () => {
    const socket = open()
    await ask(socket)
    proxy.fault = { kind: 'hang' }
    let heard = ''
    socket.on('data', (piece: Buffer) => (heard += piece.toString()))
    socket.write('first')
    const other = connect((echo.address() as AddressInfo).port, '127.0.0.1')
    assert.equal(await ask(other), 'hello') // by now the octets above have reached the proxy
    other.destroy()
    assert.equal(heard, '')
    proxy.fault = { kind: 'none' }
    await once(socket, 'data')
    assert.equal(heard, 'first')
    socket.destroy()
  })

  test('delay holds everything up by its time each way, in order, and does not add up', async () => {
    const socket = open()
    await ask(socket)
    proxy.fault = { kind: 'delay', delayMs: 100 }
    const startedMs = performance.now()
    let heard = ''
    socket.on('data', (piece: Buffer) => (heard += piece.toString()))
    for (const word of ['one ', 'two ', 'three ', 'four']) {
      socket.write(word)
      await setTimeout(10) // so that they are chunks of their own
    }
    socket.end()
    await once(socket, 'end')
    const tookMs = performance.now() - startedMs
    assert.equal(heard, 'one two three four')
    assert.ok(tookMs >= 200 && tookMs < 700, `${tookMs} ms`)
  })

  test('survives a target that refuses, on a Unix socket as well', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const refused = new FaultyProxy({ host: '127.0.0.1', port })
    const socketPath = join(folder, 'refused.sock')
    await refused.listen({ path: socketPath })
    await once(
      connect(socketPath).on('error', () => {}),
      'close',
    )
    await once(
      connect(socketPath).on('error', () => {}),
      'close',
    )
    refused.close()
  })
})
