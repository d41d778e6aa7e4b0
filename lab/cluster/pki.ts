import { mkdirSync, writeFileSync } from 'node:fs'
import { run } from '#lab/process/run.ts'
import { pkiPath } from '#lab/state/paths.ts'

/** A certificate to make: who it is for, and by which names and addresses it is reached (none for a client's). */
export interface CertificateRequest {
  /** The file name without extension. */
  readonly name: string
  readonly commonName: string
  /** The Kubernetes group. */
  readonly organization?: string
  /** `DNS:localhost`, `IP:127.0.0.1` */
  readonly names?: readonly string[]
}

/** A lab lives for hours; a certificate that begins before the clock and lasts a month is valid whatever the lab is used for. */
const VALID_DAYS = '30'

const OPENSSL_CONFIG = `[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
`

/** Makes the authority of a lab, its key for service accounts, and the certificates asked for (OpenSSL 3.0 or newer). */
export async function createPki(lab: string, requests: readonly CertificateRequest[]): Promise<void> {
  mkdirSync(pkiPath(lab), { recursive: true, mode: 0o700 })
  writeFileSync(pkiPath(lab, 'openssl.cnf'), OPENSSL_CONFIG)
  await Promise.all([
    run([...request(lab, 'ca', '/CN=balise-lab'), '-extensions', 'authority']),
    run(['openssl', 'genrsa', '-out', pkiPath(lab, 'service-accounts.key'), '2048']),
  ])
  await Promise.all(requests.map((each) => run(signed(lab, each))))
}

function request(lab: string, name: string, subject: string): readonly string[] {
  return [
    ...['openssl', 'req', '-x509', '-config', pkiPath(lab, 'openssl.cnf'), '-days', VALID_DAYS, '-nodes', '-sha256'],
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', subject],
    ...['-keyout', pkiPath(lab, `${name}.key`), '-out', pkiPath(lab, `${name}.crt`)],
  ]
}

function signed(lab: string, { name, commonName, organization, names = [] }: CertificateRequest): readonly string[] {
  const subject = `${organization === undefined ? '' : `/O=${organization}`}/CN=${commonName}`
  return [
    ...request(lab, name, subject),
    ...['-CA', pkiPath(lab, 'ca.crt'), '-CAkey', pkiPath(lab, 'ca.key'), '-extensions', 'leaf'],
    ...(names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]),
  ]
}
