import type { Log } from '#ports/log.ts'

/** Says in the log which of several addresses of the API server answered, and why not those before it. */
export function tellServer(log: Log): (server: URL, refused: readonly string[]) => void {
  return (server, refused) => log.info('API server found', { server: server.origin, refused })
}
