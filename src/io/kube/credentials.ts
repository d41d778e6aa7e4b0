import { readFile } from 'node:fs/promises'
import type { User } from '@kubernetes/client-node/dist/config_types.js'
import type { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'

/** Headers that say who asks; asked for at every request, since tokens are renewed. */
export type Credentials = () => Promise<Readonly<Record<string, string>>>

/** Token, token file, user and password, client certificate (which needs no header), or an exec plugin as client-node runs it. */
export function credentialsOf(user: User): Credentials {
  const impersonate: Record<string, string> = user.impersonateUser ? { 'impersonate-user': user.impersonateUser } : {}
  const authorization = authorizationOf(user)
  return async () => {
    const value = await authorization()
    return value === undefined ? impersonate : { ...impersonate, authorization: value }
  }
}

function authorizationOf(user: User): () => Promise<string | undefined> {
  if (user.exec) return execAuthorization(user)
  const provider = user.authProvider as AuthProvider | null
  const tokenFile = provider?.config?.tokenFile
  if (tokenFile !== undefined) return async () => `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
  // The code for the others brings the whole of client-node with it: 25 MB of resident memory in every agent.
  if (provider)
    throw new Error(`The user ${user.name} has the auth-provider ${provider.name}; an exec plugin does its work`)
  if (user.token) return () => Promise.resolve(`Bearer ${user.token}`)
  if (user.username) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    return () => Promise.resolve(`Basic ${basic}`)
  }
  return () => Promise.resolve(undefined)
}

interface AuthProvider {
  readonly name?: string
  readonly config?: { readonly tokenFile?: string }
}

/** Loaded when a user has one: it is no part of a pod's way. */
function execAuthorization(user: User): () => Promise<string | undefined> {
  let plugin: Promise<ExecAuth> | undefined
  return async () => {
    plugin ??= import('@kubernetes/client-node/dist/exec_auth.js').then((module) => new module.ExecAuth())
    const options: { headers: Record<string, string> } = { headers: {} }
    await (await plugin).applyAuthentication(user, options)
    return options.headers['Authorization']
  }
}
