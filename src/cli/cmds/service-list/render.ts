import type { BackendJson, FrontendJson, NotDoneJson, ServicesAnswer } from '#api/agent.ts'
import { formatTable } from '#cli/table.ts'

/** The table of `cilium-dbg service list`; what a Service asks for and does not get stands below it. */
export function renderServiceList({ frontends, notDone }: ServicesAnswer): string {
  const rows = frontends.toSorted((a, b) => a.id - b.id).flatMap(frontendRows)
  const table = formatTable([['ID', 'Frontend', 'Service Type', 'Backend'], ...rows])
  return [table, ...frontends.map(noteLine), ...notDone.map(notDoneLine)].join('')
}

function frontendRows(frontend: FrontendJson): readonly (readonly string[])[] {
  const id = frontend.realized ? String(frontend.id) : `${frontend.id}*`
  const backends = frontend.backends.map(formatBackend)
  const [first = '', ...others] = backends
  return [[id, formatFrontend(frontend), frontend.type, first], ...others.map((text) => ['', '', '', text])]
}

function formatFrontend({ address, port, protocol, scope }: FrontendJson): string {
  return `${hostPort(address, port)}/${protocol}${scope === 'internal' ? '/i' : ''}`
}

function formatBackend({ address, port, protocol, state }: BackendJson, index: number): string {
  return `${index + 1} => ${hostPort(address, port)}/${protocol} (${state})`
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** A star at the id says that the maps do not hold the frontend as listed. */
function noteLine(frontend: FrontendJson): string {
  if (frontend.realized) return frontend.note === null ? '' : `${formatFrontend(frontend)}: ${frontend.note}\n`
  return `* ${formatFrontend(frontend)} is not in the maps as listed: ${frontend.note ?? 'it will be written next'}\n`
}

function notDoneLine({ service, code, message }: NotDoneJson): string {
  return `${service}: ${code}: ${message}\n`
}

/** The REST model of Cilium's agent, which is what `cilium-dbg service list -o json` prints. */
export function serviceListForMachines({ frontends }: ServicesAnswer): unknown {
  return frontends
    .toSorted((a, b) => a.id - b.id)
    .map((frontend) => {
      const spec = specOf(frontend)
      return frontend.realized ? { spec, status: { realized: spec } } : { spec }
    })
}

function specOf(frontend: FrontendJson): unknown {
  const [namespace = '', name = ''] = frontend.service.split('/')
  return {
    'backend-addresses': frontend.backends.map((backend) => ({
      ip: backend.address,
      nodeName: backend.nodeName,
      port: backend.port,
      protocol: backend.protocol,
      state: backend.state,
      weight: backend.weight,
    })),
    flags: {
      extTrafficPolicy: frontend.externalTrafficPolicy,
      intTrafficPolicy: frontend.internalTrafficPolicy,
      name,
      namespace,
      trafficPolicy: frontend.externalTrafficPolicy,
      type: frontend.type,
    },
    'frontend-address': {
      ip: frontend.address,
      port: frontend.port,
      protocol: frontend.protocol,
      scope: frontend.scope,
    },
    id: frontend.id,
  }
}
