import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { adminKubeconfig } from '#lab/cluster/kubectl.ts'
import { binDir } from '#tools/cache.ts'

/** What a pod (`pod/echo-1`) answers over HTTP, as JSON, through `kubectl port-forward`. */
export async function throughPortForward<T>(lab: string, pod: string, port: number): Promise<T> {
  const argv = [`--kubeconfig=${adminKubeconfig(lab)}`, 'port-forward', pod, `:${port}`]
  const forward = spawn(join(binDir(), 'kubectl'), argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(forward.stdout.setEncoding('utf8'), 'data')) as [string]
    const answer = await fetch(`http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(line)?.[1]}/`)
    return (await answer.json()) as T
  } finally {
    forward.kill()
  }
}
