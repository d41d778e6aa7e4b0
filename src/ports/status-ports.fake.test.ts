import { createFakeStatusPorts } from './status-ports.fake.ts'
import { statusPortsContract } from './status-ports.contract.ts'

const ports = createFakeStatusPorts()
let next = 30_000

statusPortsContract('createFakeStatusPorts()', {
  ports,
  freePort: () => Promise.resolve(next++),
  ask: (port) => Promise.resolve(ports.ask(port)),
})
