import type { StatusPorts } from '#ports/status-ports.ts'
import { openHttpServer } from './http-server.ts'

/** Answers without a look at method and path, as kube-proxy does at a health check node port. */
export function createStatusPorts(): StatusPorts {
  return {
    async open(port, answer) {
      const server = await openHttpServer({ listen: { port, everywhere: true }, answer })
      return { close: () => server.close() }
    },
  }
}
