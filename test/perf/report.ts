import { pairedRatio, percentile, type Spread, spread } from './stats.ts'

/** What was measured of one contender at one scale: one entry a run, in the same order for all contenders. */
export interface Series {
  readonly contender: string
  readonly label: string
  readonly services: number
  readonly packetsPerSecond: readonly number[]
  /** Medians and 99th percentiles of the runs, nanoseconds. */
  readonly firstP50Ns: readonly number[]
  readonly firstP99Ns: readonly number[]
  readonly secondP50Ns: readonly number[]
  readonly lostFlows: number
}

export interface Row {
  readonly services: number
  readonly contender: string
  readonly label: string
  readonly packetsPerSecond: Spread
  readonly nsPerPacket: number
  /** Of these, what the node between client and backend costs: the baseline taken off. */
  readonly nodeNsPerPacket: number
  /** Balise's rate by this one's, run by run: above 1 Balise forwards more. */
  readonly baliseRateRatio: Spread
  readonly firstP50Us: number
  readonly firstP99Us: number
  readonly secondP50Us: number
  /** Balise's first-packet median by this one's: below 1 Balise answers sooner. */
  readonly baliseFirstRatio: Spread
  readonly lostFlows: number
}

/** `reference` is whom all are compared with, `baseline` what is measured with nothing between. */
export function rowsOf(
  series: readonly Series[],
  { reference, baseline }: { readonly reference: string; readonly baseline: string },
): readonly Row[] {
  return series.map((one) => {
    const balise = seriesOf(series, reference, one.services)
    const floor = seriesOf(series, baseline, one.services)
    const rate = spread(one.packetsPerSecond)
    return {
      services: one.services,
      contender: one.contender,
      label: one.label,
      packetsPerSecond: rate,
      nsPerPacket: 1e9 / rate.median,
      nodeNsPerPacket: 1e9 / rate.median - 1e9 / spread(floor.packetsPerSecond).median,
      baliseRateRatio: pairedRatio(balise.packetsPerSecond, one.packetsPerSecond),
      firstP50Us: spread(one.firstP50Ns).median / 1000,
      firstP99Us: spread(one.firstP99Ns).median / 1000,
      secondP50Us: spread(one.secondP50Ns).median / 1000,
      baliseFirstRatio: pairedRatio(balise.firstP50Ns, one.firstP50Ns),
      lostFlows: one.lostFlows,
    }
  })
}

function seriesOf(series: readonly Series[], name: string, services: number): Series {
  const found = series.find((one) => one.contender === name && one.services === services)
  if (found === undefined) throw new Error(`No series of ${name} with ${services} Services`)
  return found
}

/** The percentiles of one run's round-trip times. */
export function quantiles(ns: readonly number[]): { readonly p50: number; readonly p99: number } {
  return { p50: percentile(ns, 0.5), p99: percentile(ns, 0.99) }
}

/** A Markdown table; ratios with their least and greatest run. */
export function renderTable(rows: readonly Row[]): string {
  const head = [
    'Services',
    'Contender',
    'Mpps',
    'ns/packet',
    'of these the node',
    'Balise faster by',
    'first p50 µs',
    'first p99 µs',
    'second p50 µs',
    'Balise first p50 by',
  ]
  const lines = rows.map((row) => [
    String(row.services),
    row.label,
    (row.packetsPerSecond.median / 1e6).toFixed(3),
    row.nsPerPacket.toFixed(0),
    row.nodeNsPerPacket.toFixed(0),
    formatRatio(row.baliseRateRatio),
    row.firstP50Us.toFixed(1),
    row.firstP99Us.toFixed(1),
    row.secondP50Us.toFixed(1),
    formatRatio(row.baliseFirstRatio),
  ])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function formatRatio({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}..${max.toFixed(2)})`
}
