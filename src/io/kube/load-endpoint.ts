import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { KubeEndpoint } from './kube-endpoint.ts'
import type { KubeSource } from './kube-source.ts'
import { loadKubeconfig } from './kubeconfig.ts'

/** Throws when the files cannot be read or say nothing usable; the message names the file. */
export function loadKubeEndpoint(source: KubeSource): KubeEndpoint {
  switch (source.kind) {
    case 'inCluster':
      return loadInCluster(source)
    case 'kubeconfig':
      return loadKubeconfig(source.paths, source.context)
  }
}

function loadInCluster(source: Extract<KubeSource, { readonly kind: 'inCluster' }>): KubeEndpoint {
  const { host, port, folder } = source
  const file = (name: string): string => join(folder, name)
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    tls: async () => ({ ca: await readFile(file('ca.crt')) }),
    credentials: async () => ({ authorization: `Bearer ${(await readFile(file('token'), 'utf8')).trim()}` }),
    namespace: readFileSync(file('namespace'), 'utf8').trim(),
  }
}
