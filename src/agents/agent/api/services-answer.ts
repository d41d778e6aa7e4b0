import type { BackendJson, FrontendJson, ServicesAnswer } from '#api/agent.ts'
import { type Backend, compareFrontends, type Frontend } from '#datapath/frontend.ts'
import { formatIp } from '#model/ip.ts'
import type { DatapathState } from '#agents/agent/datapath/datapath.ts'

/** What the datapath serves, and what it does not. */
export function servicesAnswer(node: string, state: DatapathState): ServicesAnswer {
  return {
    version: 1,
    node,
    frontends: [...state.frontends.values()]
      .toSorted(compareFrontends)
      .map((frontend) => frontendJson(frontend, state)),
    notDone: state.desired.notDone.toSorted((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : 0)),
  }
}

function frontendJson(frontend: Frontend, state: DatapathState): FrontendJson {
  const { address, port, protocol, scope, type, service, portName, serving, draining, idle } = frontend
  const failed = state.failed.get(frontend.key)
  return {
    id: state.ids.frontends.knownId(frontend.key) ?? 0,
    address: formatIp(address),
    port,
    protocol,
    scope,
    type,
    service,
    portName,
    externalTrafficPolicy: frontend.externalTrafficPolicy,
    internalTrafficPolicy: frontend.internalTrafficPolicy,
    backends: [
      ...serving.map((backend) => backendJson(backend, true, state)),
      ...[...draining, ...idle].map((backend) => backendJson(backend, false, state)),
    ],
    realized: failed === undefined && state.realized.get(frontend.key) === frontend,
    note: failed ?? frontend.note ?? null,
  }
}

function backendJson(backend: Backend, serving: boolean, { ids }: DatapathState): BackendJson {
  const { address, port, protocol, state, nodeName, local } = backend
  const id = ids.backends.knownId(backend.key) ?? 0
  return { id, address: formatIp(address), port, protocol, state, serving, nodeName, local, weight: 100 }
}
