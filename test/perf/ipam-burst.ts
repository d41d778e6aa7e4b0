/**
 * `bin/node test/perf/ipam-burst.ts [--services 10000]`: how long a burst of Services waits for its addresses on a real API server, of the
 * operator and of a bare loop that only patches statuses: first in batches, in turn, for the ratio of their times; then each with all Services
 * at once, for memory and writes. Prints a line a measurement; writes every figure as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BareFigures, BurstBench, type BurstFigures, type OperatorFigures, type Turn } from './ipam-burst-bench.ts'
import { pairedRatio } from './stats.ts'

const ROOT = join(import.meta.dirname, '..', '..')

interface Round {
  readonly bare: BareFigures
  readonly operator: OperatorFigures
}

function render({ bare, operator: { memory, writesDuring, writes, restart, poolBack, ...operator } }: Round): string {
  return [
    `burst: operator ${operator.burstMs.toFixed(0)} ms, bare loop ${bare.burstMs.toFixed(0)} ms`,
    `pool comes back: operator ${poolBack.burstMs.toFixed(0)} ms, bare loop over as many ${bare.patchMs.toFixed(0)} ms`,
    `CPU of the machine: ${operator.machineCpuSeconds.toFixed(1)} s, with the bare loop ${bare.machineCpuSeconds.toFixed(1)} s`,
    `CPU of the operator: ${operator.cpuSeconds.toFixed(2)} s, of the bare loop ${bare.cpuSeconds.toFixed(2)} s`,
    `memory of the operator: peak ${memory.peak} MiB, afterwards ${memory.now} MiB, at the end ${poolBack.memory.now} (peak ${poolBack.memory.peak}) MiB`,
    `writes until the last had its address: ${JSON.stringify(writesDuring)}, in all: ${JSON.stringify(writes)}`,
    `restart: ready after ${restart.readyMs.toFixed(0)} ms, peak ${restart.memory.peak} MiB, writes ${JSON.stringify(restart.writes)}`,
  ].join('\n')
}

/** Ratios operator to bare loop, turn by turn. */
function ratios(turns: readonly Turn[]): string {
  const ratioOf = (figure: (of: BurstFigures) => number): string => {
    const [ofOperator, ofBare] = [turns.map(({ operator }) => figure(operator)), turns.map(({ bare }) => figure(bare))]
    const { median, min, max } = pairedRatio(ofOperator, ofBare)
    const whole = sum(ofOperator) / sum(ofBare)
    return `${median.toFixed(2)} (${min.toFixed(2)}..${max.toFixed(2)}), of all together ${whole.toFixed(2)}`
  }
  return [
    `time of a batch: ${ratioOf(({ burstMs }) => burstMs)}`,
    `CPU of the machine: ${ratioOf(({ machineCpuSeconds }) => machineCpuSeconds)}`,
    `CPU of the process: ${ratioOf(({ cpuSeconds }) => cpuSeconds)}`,
  ].join('\n')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Who comes first changes with each round: the machine may be busier in one half of it. */
async function measureRound(bench: BurstBench, round: number): Promise<Round> {
  if (round % 2 === 0) return { bare: await bench.bare(round), operator: await bench.operator(round) }
  const operator = await bench.operator(round)
  return { bare: await bench.bare(round), operator }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      services: { type: 'string', default: '10000' },
      batch: { type: 'string', default: '500' },
      rounds: { type: 'string', default: '1' },
      concurrency: { type: 'string', default: '16' },
      'node-options': { type: 'string', default: '--max-semi-space-size=4 --max-old-space-size=1024' },
      json: { type: 'string', default: join(ROOT, 'dist', 'perf-ipam-burst.json') },
    },
  })
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const plan = {
    services: Number(values.services),
    batch: Number(values.batch),
    concurrency: Number(values.concurrency),
    nodeOptions: values['node-options'],
  }
  await using bench = await BurstBench.open(plan, say)
  const turns = await bench.inTurns()
  say(`Ratios of operator to bare loop, median of ${turns.length} batches (least..greatest)\n${ratios(turns)}`)
  const rounds: Round[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const figures = await measureRound(bench, round)
    rounds.push(figures)
    say(`${plan.services} Services, ${plan.concurrency} at once, round ${round + 1}\n${render(figures)}`)
  }
  const machine = { kernel: release(), cpu: cpus()[0]?.model ?? '', cores: cpus().length, load: loadavg() }
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ version: 2, machine, plan, turns, rounds }, null, 2)}\n`)
  say(`All figures: ${values.json}`)
}

await main()
