import { join } from 'node:path'
import { ApiClient } from '#lab/cluster/api-client.ts'
import { bringUp } from '#lab/cluster/bring-up.ts'
import { writeKubeconfig } from '#lab/cluster/kubeconfig.ts'
import { adminKubeconfig, kubectl } from '#lab/cluster/kubectl.ts'
import type { Fault } from '#lab/faults/fault.ts'
import { inject } from '#lab/faults/inject.ts'
import { type Hierarchy, readHierarchies } from '#lab/machine/hierarchies.ts'
import { attemptOn, runOn } from '#lab/machine/inside.ts'
import { launch } from '#lab/process/launch.ts'
import type { RunOutcome } from '#lab/process/run.ts'
import { addPlainPod, type PlainPod } from '#lab/plain-pod.ts'
import { Progress } from '#lab/progress.ts'
import { NODE_API } from '#lab/proxy/start.ts'
import { checkRequirements } from '#lab/requirements.ts'
import { claimLab, type LabState } from '#lab/state/lab-state.ts'
import { CHECKOUT, hostPath } from '#lab/state/paths.ts'
import { takeDown } from '#lab/take-down.ts'
import { adjustTopology } from '#lab/topology/adjust.ts'
import { loadTopology } from '#lab/topology/load.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'

export interface ApiLabOptions {
  /** Of this lab among those on the machine; at most 20 characters, so that namespaces' names stay short. */
  readonly name: string
  readonly topology?: string
  readonly nodes?: number
  readonly write?: (line: string) => void
}

/** A lab of size `api` in the hands of a test: a real API server, hosts without kubelets, pods as plain namespaces. */
export class ApiLab implements AsyncDisposable {
  readonly state: LabState
  /** The API as its administrator. */
  readonly api: ApiClient
  readonly #hierarchies: readonly Hierarchy[]

  private constructor(state: LabState, hierarchies: readonly Hierarchy[]) {
    this.state = state
    this.api = new ApiClient(state.name, state.apiPort ?? 0)
    this.#hierarchies = hierarchies
  }

  static async open({ name, topology = 'skeleton', nodes, write = () => {} }: ApiLabOptions): Promise<ApiLab> {
    checkRequirements('api')
    const hierarchies = readHierarchies()
    await takeDown(name, hierarchies) // what a test of this name left when it was killed
    const claimed = claimLab(name, adjustTopology(loadTopology(topology), { nodes, size: 'api' }))
    try {
      const progress = new Progress(write)
      return new ApiLab(await bringUp({ state: claimed, hierarchies, progress, signal: undefined }), hierarchies)
    } catch (error) {
      await takeDown(name, hierarchies)
      throw error
    }
  }

  /** A kubeconfig for this machine's own namespaces. */
  get kubeconfig(): string {
    return adminKubeconfig(this.state.name)
  }

  /** Names of the nodes. */
  get nodes(): readonly string[] {
    return hostsOfRole(this.state.topology, 'node').map(({ name }) => name)
  }

  /** A kubeconfig for processes on a node: through the proxy where the faults of the API are. */
  nodeKubeconfig(node: string): string {
    const file = hostPath(this.state.name, node, 'test.kubeconfig')
    writeKubeconfig({ lab: this.state.name, server: `https://${NODE_API}`, certificate: 'admin', file })
    return file
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectl(this.state.name, args, input === undefined ? {} : { input })
  }

  /** Writes objects as `kubectl apply` does, from YAML or JSON text. */
  apply(text: string): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], text)
  }

  /** The custom resources, waited for until the API serves them. */
  async applyCrds(): Promise<void> {
    await this.kubectl(['apply', '-f', join(CHECKOUT, 'chart', 'balise', 'crds')])
    await this.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
  }

  run(host: string, argv: readonly string[], input = ''): Promise<string> {
    return runOn({ lab: this.state.name, host }, this.#hierarchies, argv, input)
  }

  attempt(host: string, argv: readonly string[]): Promise<RunOutcome> {
    return attemptOn({ lab: this.state.name, host }, this.#hierarchies, argv)
  }

  /** Starts a long-running program on a host; its log is `<host>/log/<name>.log` in the lab's folder. */
  launch(host: string, name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    launch({ lab: this.state.name, host, name, argv, env }, this.#hierarchies)
  }

  /** Starts the agent of this checkout on a node. */
  startAgent(node: string, env: Readonly<Record<string, string>> = {}): void {
    const own = {
      BALISE_NODE_NAME: node,
      KUBECONFIG: this.nodeKubeconfig(node),
      BALISE_BPF_OBJECTS: join(CHECKOUT, 'dist', 'bpf'),
    }
    this.launch(node, 'agent', [process.execPath, join(CHECKOUT, 'src', 'agents', 'agent', 'main.ts')], {
      ...own,
      ...env,
    })
  }

  /** Starts the operator of this checkout on a node. */
  startOperator(node: string, env: Readonly<Record<string, string>> = {}): void {
    const own = { KUBECONFIG: this.nodeKubeconfig(node) }
    this.launch(node, 'operator', [process.execPath, join(CHECKOUT, 'src', 'agents', 'operator', 'main.ts')], {
      ...own,
      ...env,
    })
  }

  /** Makes a pod by hand: a namespace on a node with an address of its prefix. Endpoints are for the test to write. */
  addPod(pod: PlainPod): Promise<void> {
    return addPlainPod(this.state.name, pod, this.#hierarchies)
  }

  inject(fault: Fault): Promise<void> {
    return inject(this.state, fault, this.#hierarchies)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api.close()
    await takeDown(this.state.name, this.#hierarchies)
  }
}
