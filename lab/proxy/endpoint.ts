import type { NetConnectOpts } from 'node:net'

/** Where a proxy listens or connects: `unix:/path/to/socket` or `127.0.0.1:7445`. Throws for anything else: only the lab writes these. */
export function parseEndpoint(text: string): NetConnectOpts {
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length) }
  const match = /^([^:]+):(\d{1,5})$/.exec(text)
  if (!match) throw new Error(`Neither unix:PATH nor HOST:PORT: ${text}`)
  return { host: match[1] ?? '', port: Number(match[2]) }
}
