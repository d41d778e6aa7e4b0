/** A kind of test: where its files lie, how they are run, and how long that may take. */
export interface Tier {
  readonly name: TierName
  readonly holds: string
  readonly globs: readonly string[]
  /** One process for all files, or one for each. */
  readonly isolation: 'none' | 'process'
  /** Files at once: those that mostly wait for a kernel or a server share the cores. */
  readonly concurrency: number
  /** Opens namespaces or loads BPF programs. */
  readonly needsRoot: boolean
  /** A test that takes longer has failed. */
  readonly testBoundMs: number
  /** The tier as a whole is ended after this. */
  readonly boundMs: number
  /** Each test gets a line of its own; otherwise only failures and skips do. */
  readonly verbose: boolean
}

export type TierName = 'pure' | 'scenario' | 'chart' | 'go' | 'packets' | 'netns' | 'e2e'

export const TIERS: { readonly [N in TierName]: Tier } = {
  pure: {
    name: 'pure',
    holds: 'values in, values out',
    globs: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'lab/**/*.test.ts', 'test/perf/**/*.test.ts'],
    isolation: 'none',
    concurrency: 1,
    needsRoot: false,
    testBoundMs: 10_000,
    boundMs: 120_000,
    verbose: false,
  },
  scenario: {
    name: 'scenario',
    holds: 'Kubernetes objects in, readable state out, on fakes',
    globs: ['test/scenario/**/*.test.ts'],
    isolation: 'process',
    concurrency: 2,
    needsRoot: false,
    testBoundMs: 60_000,
    boundMs: 120_000,
    verbose: false,
  },
  chart: {
    name: 'chart',
    holds: 'what the Helm chart renders to',
    globs: ['test/chart/**/*.test.ts'],
    isolation: 'process',
    concurrency: 2,
    needsRoot: false,
    testBoundMs: 60_000,
    boundMs: 120_000,
    verbose: false,
  },
  go: {
    name: 'go',
    holds: 'the CNI plugin: format, vet, and the tests beside its code',
    globs: ['test/go/**/*.test.ts'],
    isolation: 'process',
    concurrency: 1,
    needsRoot: false,
    testBoundMs: 60_000,
    boundMs: 240_000,
    verbose: false,
  },
  packets: {
    name: 'packets',
    holds: 'packet and maps in, verdict, packet and maps out, in the kernel',
    globs: ['test/packets/**/*.test.ts'],
    isolation: 'process',
    concurrency: 1,
    needsRoot: true,
    testBoundMs: 60_000,
    boundMs: 180_000,
    verbose: false,
  },
  netns: {
    name: 'netns',
    holds: 'real kernel, real kube-apiserver, real agents',
    globs: ['test/netns/**/*.test.ts'],
    isolation: 'process',
    concurrency: 2,
    needsRoot: true,
    testBoundMs: 120_000,
    boundMs: 480_000,
    verbose: true,
  },
  e2e: {
    name: 'e2e',
    holds: 'the guides with kubectl and helm on a real cluster',
    globs: ['test/e2e/**/*.test.ts'],
    isolation: 'process',
    concurrency: 1,
    needsRoot: true,
    testBoundMs: 420_000,
    boundMs: 900_000,
    verbose: true,
  },
}
