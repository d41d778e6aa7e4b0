/**
 * `bin/node test/perf/ipam-burst.ts [--services 10000]`: how long a burst of Services waits for its addresses on a real API server. Each
 * round measures a bare loop that only patches statuses, then the operator, and compares the two. Prints a line a measurement; writes
 * every figure as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { BurstBench, type BurstPlan, type RoundFigures } from './ipam-burst-bench.ts'

const ROOT = join(import.meta.dirname, '..', '..')

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2)
}

function render({ bare, operator, restart, poolBack }: RoundFigures): string {
  const { burstMs, memory, cpuSeconds, writesDuring, writes } = operator
  return [
    `burst: operator ${burstMs.toFixed(0)} ms, bare loop ${bare.burstMs.toFixed(0)} ms, ratio ${ratio(burstMs, bare.burstMs)}`,
    `pool comes back: operator ${poolBack.burstMs.toFixed(0)} ms, bare loop over as many ${bare.patchMs.toFixed(0)} ms, ratio ${ratio(poolBack.burstMs, bare.patchMs)}`,
    `operator: peak ${memory.peak} MiB, afterwards ${memory.now} MiB, at the end ${poolBack.memory.now} (peak ${poolBack.memory.peak}) MiB, ${cpuSeconds} s of CPU; bare loop: ${bare.memory.peak} MiB, ${bare.cpuSeconds} s`,
    `writes until the last had its address: ${JSON.stringify(writesDuring)}, in all: ${JSON.stringify(writes)}`,
    `restart: ready after ${restart.readyMs.toFixed(0)} ms, peak ${restart.memory.peak} MiB, writes ${JSON.stringify(restart.writes)}`,
  ].join('\n')
}

/** Who comes first changes with each round: the machine may be busier in one half of it. */
async function measureRound(plan: BurstPlan, round: number, say: (line: string) => void): Promise<RoundFigures> {
  const bare = async (): Promise<RoundFigures['bare']> => {
    await using bench = await BurstBench.open(plan, say)
    return await bench.bare()
  }
  const operator = async (): Promise<Omit<RoundFigures, 'bare'>> => {
    await using bench = await BurstBench.open(plan, say)
    return await bench.operator()
  }
  if (round % 2 === 0) return { bare: await bare(), ...(await operator()) }
  const figures = await operator()
  return { bare: await bare(), ...figures }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      services: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '1' },
      concurrency: { type: 'string', default: '16' },
      'node-options': { type: 'string', default: '--max-semi-space-size=4 --max-old-space-size=1024' },
      json: { type: 'string', default: join(ROOT, 'dist', 'perf-ipam-burst.json') },
    },
  })
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const plan = {
    services: Number(values.services),
    concurrency: Number(values.concurrency),
    nodeOptions: values['node-options'],
  }
  const rounds: RoundFigures[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const figures = await measureRound(plan, round, say)
    rounds.push(figures)
    say(`${plan.services} Services, ${plan.concurrency} at once, round ${round + 1}\n${render(figures)}`)
  }
  const machine = { kernel: release(), cpu: cpus()[0]?.model ?? '', cores: cpus().length, load: loadavg() }
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ version: 1, machine, plan, rounds }, null, 2)}\n`)
  say(`All figures: ${values.json}`)
}

await main()
