import { err, ok, type Result } from '#model/result.ts'
import type { Option } from './settings.ts'

/** Where agent and operator reach the API server. Empty: it is looked for. */
export const API_HOST_OPTION = {
  env: 'BALISE_API_HOST',
  type: 'text',
  fallback: '',
  sentence:
    'Host of the API server; empty or auto: the first that answers of localhost:7445 (Talos), 127.0.0.1:6444 (k3s) and the address that the kubelet names.',
  parse: parseApiHost,
} as const satisfies Option<string>

export const API_PORT_OPTION = {
  env: 'BALISE_API_PORT',
  type: 'port',
  fallback: '0',
  sentence: 'Port of the API server at BALISE_API_HOST; 0: 443.',
  parse: parsePort,
} as const satisfies Option<number>

function parseApiHost(text: string): Result<string, string> {
  if (text === 'auto') return ok('')
  return /[/\s]/.test(text) ? err('is not a host name or an IP address: it has no scheme and no path') : ok(text)
}

function parsePort(text: string): Result<number, string> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65535 ? ok(port) : err('is not a port')
}
