import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { parseEndpoint } from './endpoint.ts'
import { formatFault, parseFault } from './fault.ts'
import { FaultyProxy } from './proxy.ts'
import { Refuser } from './refuser.ts'

/**
 * `main.ts --listen ENDPOINT --to ENDPOINT [--control PATH] [--port-file PATH] [--cert PATH --key PATH]`: a proxy of the lab as a process of its own. On the
 * control socket each line is a fault to have from now on; it is answered with the fault that holds. The file gets the port that it
 * listens on (for an endpoint with port 0: one that the kernel chose). Certificate and key are those of the API server, for answers in
 * its name.
 */
const { values } = parseArgs({
  options: {
    listen: { type: 'string' },
    to: { type: 'string' },
    control: { type: 'string' },
    'port-file': { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
})
const { listen, to, control, cert, key, 'port-file': portFile } = values
if (listen === undefined || to === undefined)
  throw new Error(
    'Usage: main.ts --listen ENDPOINT --to ENDPOINT [--control PATH] [--port-file PATH] [--cert PATH --key PATH]',
  )

const proxy = new FaultyProxy(parseEndpoint(to), cert && key ? new Refuser({ cert, key }) : undefined)
const endpoint = parseEndpoint(listen)
if ('path' in endpoint) rmSync(endpoint.path, { force: true })
const port = await proxy.listen(endpoint)
if (portFile !== undefined) {
  writeFileSync(`${portFile}.new`, String(port))
  renameSync(`${portFile}.new`, portFile) // whoever waits for it never reads half of it
}
if (control !== undefined) await serveControl(control)

function serveControl(path: string): Promise<void> {
  rmSync(path, { force: true })
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('error', () => socket.destroy())
    socket.on('data', (text: string) => {
      const fault = parseFault(text)
      if (fault !== undefined) proxy.fault = fault
      socket.end(`${fault === undefined ? 'no such fault; ' : ''}${formatFault(proxy.fault)}\n`)
    })
  })
  return new Promise((resolve) => server.listen(path, resolve))
}
