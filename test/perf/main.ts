/**
 * `npm run perf`: packets a second and first-packet latency through a load balancer address: Balise, the real kube-proxy in both modes,
 * and plain routing, interleaved, with few and many Services. Prints a table of ratios; writes every figure as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { RATE_PORT, BACKEND_RATE_PORT } from './addresses.ts'
import { Bench } from './bench.ts'
import { BALISE, type Contender, CONTENDERS, DIRECT, isTranslated } from './contenders.ts'
import { quantiles, renderTable, rowsOf, type Series } from './report.ts'
import { createServices } from './services.ts'

const ROOT = join(import.meta.dirname, '..', '..')

interface Plan {
  readonly runs: number
  readonly services: readonly number[]
  readonly pings: number
  readonly durationMs: number
  readonly flows: number
}

type Run = Pick<Series, 'packetsPerSecond' | 'firstP50Ns' | 'firstP99Ns' | 'secondP50Ns' | 'lostFlows'>

async function measure(bench: Bench, contender: Contender, plan: Plan): Promise<Run> {
  await bench.chooseWay(contender)
  const targetPort = isTranslated(contender.program) ? RATE_PORT : BACKEND_RATE_PORT
  await bench.rate(contender, { targetPort, durationMs: 200, flows: plan.flows }) // every flow is tracked before it counts
  const rate = await bench.rate(contender, { targetPort, durationMs: plan.durationMs, flows: plan.flows })
  const latency = await bench.latency(contender, plan.pings)
  const first = quantiles(latency.firstNs)
  return {
    packetsPerSecond: [rate.perSecond],
    firstP50Ns: [first.p50],
    firstP99Ns: [first.p99],
    secondP50Ns: [quantiles(latency.secondNs).p50],
    lostFlows: latency.lost,
  }
}

function appendRun(a: Run | undefined, b: Run): Run {
  if (a === undefined) return b
  return {
    packetsPerSecond: [...a.packetsPerSecond, ...b.packetsPerSecond],
    firstP50Ns: [...a.firstP50Ns, ...b.firstP50Ns],
    firstP99Ns: [...a.firstP99Ns, ...b.firstP99Ns],
    secondP50Ns: [...a.secondP50Ns, ...b.secondP50Ns],
    lostFlows: a.lostFlows + b.lostFlows,
  }
}

async function measureScale(
  bench: Bench,
  services: number,
  plan: Plan,
  say: (line: string) => void,
): Promise<readonly Series[]> {
  const runs = new Map<Contender, Run>()
  for (let run = 0; run < plan.runs; run += 1) {
    for (const contender of CONTENDERS) {
      const one = await measure(bench, contender, plan)
      runs.set(contender, appendRun(runs.get(contender), one))
    }
    say(`  ${services} Services: run ${run + 1} of ${plan.runs} done`)
  }
  return [...runs].map(([{ name, label }, run]) => ({ contender: name, label, services, ...run }))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '7' },
      services: { type: 'string', default: '1,1000' },
      pings: { type: 'string', default: '300' },
      'duration-ms': { type: 'string', default: '1000' },
      flows: { type: 'string', default: '256' },
      json: { type: 'string', default: join(ROOT, 'dist', 'perf.json') },
    },
  })
  const plan: Plan = {
    runs: Number(values.runs),
    services: values.services.split(',').map(Number),
    pings: Number(values.pings),
    durationMs: Number(values['duration-ms']),
    flows: Number(values.flows),
  }
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const bench = await Bench.open(CONTENDERS, say)
  process.once('SIGINT', () => void bench.close().then(() => process.exit(130)))
  try {
    const series: Series[] = []
    let created = 0
    for (const services of plan.services) {
      await createServices(bench.api, created, services)
      created = services
      for (const contender of CONTENDERS.filter(({ program }) => isTranslated(program)))
        await bench.converge(contender, services - 1)
      series.push(...(await measureScale(bench, services, plan, say)))
    }
    const rows = rowsOf(series, { reference: BALISE.name, baseline: DIRECT.name })
    const machine = { kernel: release(), cpu: cpus()[0]?.model ?? '', cores: cpus().length }
    mkdirSync(dirname(values.json), { recursive: true })
    writeFileSync(values.json, `${JSON.stringify({ version: 1, machine, plan, series, rows }, null, 2)}\n`)
    say(
      `\n${renderTable(rows)}\n\nMedians of ${plan.runs} interleaved runs, ${plan.flows} flows of 60-octet UDP, one core. All figures: ${values.json}`,
    )
  } finally {
    await bench.close()
  }
}

await main()
