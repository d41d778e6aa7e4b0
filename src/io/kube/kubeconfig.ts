import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import { credentialsOf } from './credentials.ts'
import type { KubeEndpoint, KubeTls } from './kube-endpoint.ts'

interface Kubeconfig {
  readonly clusters: readonly Cluster[]
  readonly users: readonly User[]
  readonly contexts: readonly Context[]
  readonly currentContext: string | undefined
}

/**
 * The endpoint of a context. Of client-node only the part is taken that knows the file's fields: the whole package costs 80 MB of
 * resident memory.
 */
export function loadKubeconfig(paths: readonly string[], context: string | undefined): KubeEndpoint {
  const configs = paths.map(readKubeconfig)
  const wanted = context ?? configs.map((config) => config.currentContext).find((name) => name !== undefined)
  const found = find(configs, 'contexts', wanted, paths)
  const cluster = find(configs, 'clusters', found.cluster, paths)
  const user = find(configs, 'users', found.user, paths)
  if (cluster.proxyUrl) throw new Error(`The cluster ${cluster.name} has a proxy-url, which is not supported`)
  return {
    server: new URL(cluster.server),
    tls: () => readTls(cluster, user),
    credentials: credentialsOf(user),
    namespace: found.namespace ?? 'default',
  }
}

function readKubeconfig(path: string): Kubeconfig {
  const [read] = parseYaml(readFileSync(path, 'utf8'))
  if (read?.ok === false) throw new Error(`The kubeconfig ${path} ${read.error.problem}`)
  const document = read?.value as Readonly<Record<string, unknown>> | null | undefined
  const folder = dirname(path)
  return {
    clusters: newClusters(document?.['clusters']).map((cluster) => ({
      ...cluster,
      ...absolute(folder, cluster, ['caFile']),
    })),
    users: newUsers(document?.['users']).map((user) => ({
      ...user,
      ...absolute(folder, user, ['certFile', 'keyFile']),
    })),
    contexts: newContexts(document?.['contexts']),
    currentContext: (document?.['current-context'] as string | undefined) || undefined,
  }
}

/** Paths in a kubeconfig are relative to it. */
function absolute<T extends object>(folder: string, of: T, fields: readonly (keyof T)[]): Partial<T> {
  const paths = fields.flatMap((field) => {
    const path: unknown = of[field]
    return typeof path === 'string' ? [[field, resolve(folder, path)]] : []
  })
  return Object.fromEntries(paths) as Partial<T>
}

function find<K extends 'contexts' | 'clusters' | 'users'>(
  configs: readonly Kubeconfig[],
  list: K,
  name: string | undefined,
  paths: readonly string[],
): Kubeconfig[K][number] {
  for (const config of configs) {
    const found = config[list].find((item) => item.name === name)
    if (found !== undefined) return found
  }
  const what = name === undefined ? 'no current-context' : `no ${name} among its ${list}`
  throw new Error(`The kubeconfig ${paths.join(':')} has ${what}`)
}

async function readTls(cluster: Cluster, user: User): Promise<KubeTls> {
  const [ca, cert, key] = await Promise.all([
    fileOrData(cluster.caFile, cluster.caData),
    fileOrData(user.certFile, user.certData),
    fileOrData(user.keyFile, user.keyData),
  ])
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
  }
}

async function fileOrData(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (data) return Buffer.from(data, 'base64')
  return file ? await readFile(file) : undefined
}
