import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { binDir } from '#tools/cache.ts'

/** A real etcd and kube-apiserver, empty at first. They end with this process, however it ends. */
export interface RealApiServer {
  readonly port: number
  /** A kubeconfig of the administrator for a port of the server's address; the server's own when unset. */
  kubeconfig(port?: number): string
  /** One of whoever has the token. */
  kubeconfigFor(token: string): string
  /** A kubeconfig of someone who may do nothing. */
  strangersKubeconfig(): string
  /** Its key and certificate, for another server in its place. */
  identity(): { readonly key: Buffer; readonly cert: Buffer }
  /** Ends kube-apiserver as a crash does; etcd stays. */
  kill(): Promise<void>
  /** Resolves when it answers. */
  start(): Promise<void>
  close(): Promise<void>
}

const TOKEN = 'lets-me-in'
const STRANGERS_TOKEN = 'does-not'
const LOOPBACK = '127.0.0.1'
const START_LIMIT_MS = 60_000

/** Why it cannot be started here; undefined when it can. */
export function missingForApiServer(): string | undefined {
  const missing = ['etcd', 'kube-apiserver'].find((name) => !existsSync(join(binDir(), name)))
  return missing === undefined ? undefined : `${missing} is not in ${binDir()}; npm test makes it`
}

/** `address` is where kube-apiserver listens: one of this namespace. */
export async function startApiServer(address = LOOPBACK): Promise<RealApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'blt-api-'))
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = start(folder, 'etcd', etcdFlags(folder, client, peer))
  const flags = apiServerFlags(folder, client, { address, port })
  let server = start(folder, 'kube-apiserver', flags)
  const real: RealApiServer = {
    port,
    kubeconfig: (at = port) => writeKubeconfig(folder, { address, port: at }, TOKEN),
    kubeconfigFor: (token) => writeKubeconfig(folder, { address, port }, token),
    strangersKubeconfig: () => writeKubeconfig(folder, { address, port }, STRANGERS_TOKEN),
    identity: () => ({
      key: readFileSync(join(folder, 'certs', 'apiserver.key')),
      cert: readFileSync(join(folder, 'certs', 'apiserver.crt')),
    }),
    kill: () => end(server),
    async start() {
      if (server.exitCode !== null || server.signalCode !== null) server = start(folder, 'kube-apiserver', flags)
      await untilReady(folder, { address, port }, server)
    },
    async close() {
      await end(server)
      await end(etcd)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await real.start()
    return real
  } catch (error) {
    await real.close()
    throw error
  }
}

function etcdFlags(folder: string, client: number, peer: number): readonly string[] {
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

interface Place {
  readonly address: string
  readonly port: number
}

function apiServerFlags(folder: string, etcd: number, { address, port }: Place): readonly string[] {
  const key = join(folder, 'service-accounts.key')
  const pem = { type: 'pkcs8', format: 'pem' } as const
  writeFileSync(key, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem))
  const tokens = join(folder, 'tokens.csv')
  writeFileSync(tokens, `${TOKEN},admin,1,system:masters\n${STRANGERS_TOKEN},stranger,2\n`)
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certs')}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.43.0.0/16,fd00:10:43::/112',
    '--authorization-mode=RBAC',
    `--token-auth-file=${tokens}`,
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--v=1',
  ]
}

/** The kernel ends the program when this process is gone. */
function start(folder: string, name: string, flags: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), 'a')
  const argv = ['--pdeathsig', 'KILL', join(binDir(), name), ...flags]
  return spawn('setpriv', argv, { stdio: ['ignore', log, log] })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

async function untilReady(folder: string, place: Place, server: ChildProcess): Promise<void> {
  const limitMs = performance.now() + START_LIMIT_MS
  while (!(await answers(folder, place))) {
    if (server.exitCode !== null || performance.now() > limitMs) {
      throw new Error(
        `kube-apiserver does not come up:\n${readFileSync(join(folder, 'kube-apiserver.log'), 'utf8').slice(-2_000)}`,
      )
    }
    await wait(50)
  }
}

async function answers(folder: string, { address, port }: Place): Promise<boolean> {
  const { request } = await import('node:https')
  const certificate = join(folder, 'certs', 'apiserver.crt')
  if (!existsSync(certificate)) return false
  const headers = { authorization: `Bearer ${TOKEN}` }
  const options = {
    host: address,
    port,
    path: '/readyz',
    ca: readFileSync(certificate),
    headers,
    timeout: 2_000,
    agent: false,
  }
  return await new Promise((resolve) => {
    const sent = request(options, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    sent.once('timeout', () => sent.destroy())
    sent.once('error', () => resolve(false))
    sent.end()
  })
}

function writeKubeconfig(folder: string, { address, port }: Place, token: string): string {
  const config = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://${address}:${port}`, 'certificate-authority': 'certs/apiserver.crt' },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
  }
  const path = join(folder, `kubeconfig-${createHash('sha256').update(token).digest('hex').slice(0, 12)}-${port}`)
  writeFileSync(path, JSON.stringify(config))
  return path
}

/** A TCP port of loopback that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address with a port')
  return address.port
}
