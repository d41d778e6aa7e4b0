import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { ApiAddress, KubeSource } from './kube-source.ts'
import { loadKubeconfig } from './kubeconfig.ts'

/** One or several ways to the same cluster, the best first. Throws when the files cannot be read or say nothing usable; the message names the file. */
export function loadKubeEndpoints(source: KubeSource): readonly KubeEndpoint[] {
  switch (source.kind) {
    case 'inCluster':
      return source.addresses.map((address) => loadInCluster(address, source.folder))
    case 'kubeconfig':
      return [loadKubeconfig(source.paths, source.context)]
  }
}

function loadInCluster({ host, port, serverName }: ApiAddress, folder: string): KubeEndpoint {
  const file = (name: string): string => join(folder, name)
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    tls: async () => ({
      ca: await readFile(file('ca.crt')),
      ...(serverName !== undefined && { servername: serverName }),
    }),
    credentials: async () => ({ authorization: `Bearer ${(await readFile(file('token'), 'utf8')).trim()}` }),
    namespace: readFileSync(file('namespace'), 'utf8').trim(),
  }
}
