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
export async function loadKubeEndpoint(source: KubeSource): Promise<KubeEndpoint> {
  switch (source.kind) {
    case 'inCluster':
      return await loadInCluster(source)
    case 'kubeconfig':
      return await loadKubeconfig(source.paths, source.context)
  }
}

async function loadInCluster(source: Extract<KubeSource, { readonly kind: 'inCluster' }>): Promise<KubeEndpoint> {
  const { host, port, folder } = source
  const file = (name: string): string => join(folder, name)
  const namespace = await readFile(file('namespace'), 'utf8').catch(() => 'default')
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    tls: async () => ({ ca: await readFile(file('ca.crt')) }),
    credentials: async () => ({ authorization: `Bearer ${(await readFile(file('token'), 'utf8')).trim()}` }),
    namespace: namespace.trim(),
  }
}
