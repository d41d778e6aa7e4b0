import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findGo, GO_ENVIRONMENT } from '#tools/setup-go.ts'

/** One test of a Go module, as `go test -json` tells it. */
export interface GoTest {
  /** `balise.io/cni/internal/ledger TestGive…` */
  readonly name: string
  readonly passed: boolean
  readonly output: string
}

export interface GoOutcome {
  readonly code: number
  readonly output: string
}

/** Runs Go's commands in a module, with the Go that builds it. */
export interface GoModule {
  go(...args: readonly string[]): GoOutcome
  /** Files whose format is not that of gofmt. */
  unformatted(): GoOutcome
}

export async function openGoModule(folder: string): Promise<GoModule> {
  const { program, env } = await findGo(folder)
  const run = (command: string, args: readonly string[]): GoOutcome => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: folder,
      env: { ...process.env, ...GO_ENVIRONMENT, ...env },
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    if (error !== undefined) throw error
    return { code: status ?? 1, output: stdout + stderr }
  }
  const gofmt = join(run(program, ['env', 'GOROOT']).output.trim(), 'bin', 'gofmt')
  return {
    go: (...args) => run(program, args),
    unformatted: () => run(existsSync(gofmt) ? gofmt : 'gofmt', ['-l', '.']),
  }
}

interface GoEvent {
  readonly Action: string
  readonly Package?: string
  readonly Test?: string
  readonly Output?: string
}

/**
 * The tests in the output of `go test -json` (cmd/test2json). A package that fails without a test of its own, as one that does not compile,
 * is told as a test of the package's name.
 */
export function parseGoTests(output: string): readonly GoTest[] {
  const outputs = new Map<string, string>()
  const tests: GoTest[] = []
  const failedPackages = new Set<string>()
  for (const line of output.split('\n')) {
    const event = parseEvent(line)
    if (event === undefined) {
      outputs.set('', `${outputs.get('') ?? ''}${line}\n`) // of the compiler, which speaks no JSON
      continue
    }
    const { Package: name = '', Test: test, Action: action } = event
    const key = test === undefined ? name : `${name} ${test}`
    if (action === 'output') outputs.set(key, (outputs.get(key) ?? '') + (event.Output ?? ''))
    if (action !== 'pass' && action !== 'fail') continue
    if (test !== undefined) tests.push({ name: key, passed: action === 'pass', output: outputs.get(key) ?? '' })
    else if (action === 'fail') failedPackages.add(name)
  }
  for (const name of failedPackages) {
    if (tests.some((test) => !test.passed && test.name.startsWith(`${name} `))) continue
    tests.push({ name, passed: false, output: `${outputs.get(name) ?? ''}${outputs.get('') ?? ''}` })
  }
  return tests
}

function parseEvent(line: string): GoEvent | undefined {
  try {
    return JSON.parse(line) as GoEvent
  } catch {
    return undefined // no event: see above
  }
}
