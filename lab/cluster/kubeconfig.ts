import { readFileSync, writeFileSync } from 'node:fs'
import { pkiPath } from '#lab/state/paths.ts'
import { stringify } from 'yaml'

export interface KubeconfigSpec {
  readonly lab: string
  readonly server: string
  /** The certificate of who uses it, by its name in the PKI. */
  readonly certificate: string
  readonly file: string
}

/** Writes a kubeconfig that carries everything it needs, so that it works from any namespace and can be copied. */
export function writeKubeconfig({ lab, server, certificate, file }: KubeconfigSpec): void {
  const base64 = (name: string): string => readFileSync(pkiPath(lab, name)).toString('base64')
  const name = `balise-lab-${lab}`
  writeFileSync(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server, 'certificate-authority-data': base64('ca.crt') } }],
      contexts: [{ name, context: { cluster: name, user: certificate } }],
      users: [
        {
          name: certificate,
          user: {
            'client-certificate-data': base64(`${certificate}.crt`),
            'client-key-data': base64(`${certificate}.key`),
          },
        },
      ],
    }),
    { mode: 0o600 },
  )
}
