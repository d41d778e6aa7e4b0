/** What runs in a pod: HTTP on port 80. `/big` is 100 MB that are checked by their length; everything else answers with the node's name. */
import { createServer } from 'node:http'

const MEGABYTE = Buffer.alloc(1 << 20, 'x')
const BIG_MEGABYTES = 100

const name = process.argv[2] ?? ''
createServer((request, response) => {
  if (request.url !== '/big') {
    response.end(`${name} ${request.socket.remoteAddress}\n`)
    return
  }
  response.writeHead(200, { 'content-length': BIG_MEGABYTES * MEGABYTE.length })
  let left = BIG_MEGABYTES
  const write = (): void => {
    while (left > 0) {
      left -= 1
      if (!response.write(MEGABYTE)) {
        response.once('drain', write)
        return
      }
    }
    response.end()
  }
  write()
}).listen(80, '0.0.0.0')
