import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Credentials } from './credentials.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import type { KubeSource } from './kube-source.ts'

/** What is needed to speak to an API server. Files are read anew when used: tokens and certificates rotate. */
export interface KubeEndpoint {
  readonly server: URL
  readonly tls: () => Promise<KubeTls>
  readonly credentials: Credentials
  /** Of the context or the pod; `default` when it says nothing. */
  readonly namespace: string
}

export interface KubeTls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  /** The name that the server's certificate must have, when it is not the host. */
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

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
