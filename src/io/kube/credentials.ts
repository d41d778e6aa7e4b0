import { readFile } from 'node:fs/promises'
import type { User } from '@kubernetes/client-node/dist/config_types.js'

/** Headers that say who asks; asked for at every request, since tokens are renewed. */
export type Credentials = () => Promise<Readonly<Record<string, string>>>

interface AuthProvider {
  applyAuthentication(user: User, options: { headers: Record<string, string> }): Promise<void>
}

/** Token, token file, user and password, or what client-node does for exec plugins and OpenID Connect. */
export function credentialsOf(user: User): Credentials {
  const impersonate: Record<string, string> = user.impersonateUser ? { 'impersonate-user': user.impersonateUser } : {}
  const authorization = authorizationOf(user)
  return async () => {
    const value = await authorization()
    return value === undefined ? impersonate : { ...impersonate, authorization: value }
  }
}

function authorizationOf(user: User): () => Promise<string | undefined> {
  const tokenFile = (user.authProvider as { readonly config?: { readonly tokenFile?: string } } | null)?.config
    ?.tokenFile
  if (tokenFile !== undefined) return async () => `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
  if (user.exec || user.authProvider) return providedAuthorization(user)
  if (user.token) return () => Promise.resolve(`Bearer ${user.token}`)
  if (user.username) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    return () => Promise.resolve(`Basic ${basic}`)
  }
  return () => Promise.resolve(undefined)
}

/** The providers are loaded when a user has one: they are no part of a pod's way and would cost it memory. */
function providedAuthorization(user: User): () => Promise<string | undefined> {
  let provider: Promise<AuthProvider> | undefined
  return async () => {
    provider ??= loadProvider(user)
    const options: { headers: Record<string, string> } = { headers: {} }
    await (await provider).applyAuthentication(user, options)
    return options.headers['Authorization']
  }
}

async function loadProvider(user: User): Promise<AuthProvider> {
  if (user.exec) {
    const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js')
    return new ExecAuth()
  }
  const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js')
  const provider = new OpenIDConnectAuth()
  if (!provider.isAuthProvider(user)) throw new Error(`The user ${user.name} has an auth provider that is not known`)
  return provider
}
