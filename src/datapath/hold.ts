import type { Applied } from './applied.ts'
import { type Backend, type Frontend, formatBackendKey } from './frontend.ts'

/** How long backends are held after the first complete lists that follow a start or an outage of the API. */
export const HOLD_MS = 30_000

/** Backends that served a frontend last, by its key. */
export type LastServing = ReadonlyMap<string, readonly Backend[]>

/** A frontend whose backends are held, and the one that it stands for. */
interface Held extends Frontend {
  readonly heldFor: Frontend
}

/**
 * Lets a frontend that has nothing ready go on with the backends that it had last.
 *
 * After an outage of the control plane nodes count as unready until they report, and with them every endpoint, though all of them work. Who
 * loses all backends in that time keeps them a while. A frontend that is gone is not brought back; one of a Local policy, whose ready
 * backends are on other nodes now, has lost its own for good.
 */
export function holdServing(
  desired: ReadonlyMap<string, Frontend>,
  last: LastServing,
  previous: ReadonlyMap<string, Frontend>,
): ReadonlyMap<string, Frontend> {
  const held = new Map(desired)
  for (const [key, frontend] of desired) {
    const serving = last.get(key)
    if (frontend.serving.length > 0 || frontend.servedElsewhere) continue
    if (serving === undefined || serving.length === 0) continue
    const before = previous.get(key)
    held.set(key, before !== undefined && isHeldFor(before, frontend) ? before : heldFrontend(frontend, serving))
  }
  return held
}

function isHeldFor(before: Frontend, frontend: Frontend): boolean {
  return 'heldFor' in before && before.heldFor === frontend
}

function heldFrontend(frontend: Frontend, serving: readonly Backend[]): Held {
  const keys = new Set(serving.map(({ key }) => key))
  return {
    ...frontend,
    serving: serving.map((backend): Backend => ({ ...backend, state: 'active' })),
    idle: frontend.idle.filter(({ key }) => !keys.has(key)),
    note: 'no endpoint is ready: the last ones are held while nodes report after an outage',
    heldFor: frontend,
  }
}

/** Frontends whose backends are held at this moment. */
export function heldCount(frontends: ReadonlyMap<string, Frontend>): number {
  let count = 0
  for (const frontend of frontends.values()) if ('heldFor' in frontend) count += 1
  return count
}

export function servingOf(frontends: ReadonlyMap<string, Frontend>): LastServing {
  return new Map([...frontends].map(([key, { serving }]) => [key, serving]))
}

/** What the maps say after a restart; the nodes' names are not in them. */
export function servingOfMaps(applied: Applied): LastServing {
  const last = new Map<string, readonly Backend[]>()
  for (const [key, { head, slots }] of applied.frontends) {
    const ids = slots.slice(0, head?.count ?? 0)
    last.set(
      key,
      ids.flatMap((id) => {
        const backend = applied.backends.get(id)
        if (backend === undefined) return []
        const { address, port, protocol, state, nodeAddress, local } = backend
        return [
          {
            key: formatBackendKey(address, port, protocol),
            address,
            port,
            protocol,
            state,
            nodeName: '',
            nodeAddress,
            local,
          },
        ]
      }),
    )
  }
  return last
}
