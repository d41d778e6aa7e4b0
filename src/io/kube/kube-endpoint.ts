import type { Credentials } from './credentials.ts'

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
