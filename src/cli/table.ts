/** Columns as Go's tabwriter sets them with a least width of 5 and 3 spaces between: the shape of Cilium's tables. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = columnWidths(rows)
  return rows.map((row) => `${formatRow(row, widths)}\n`).join('')
}

const LEAST_WIDTH = 5
const GAP = 3

function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: columns }, (_, column) =>
    Math.max(LEAST_WIDTH, ...rows.map((row) => (row[column] ?? '').length + GAP)),
  )
}

/** No spaces at the end of a line. */
function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('')
    .trimEnd()
}

/** `Key:` in one column, then the values with three spaces between: the shape of `status`. */
export function formatKeys(pairs: readonly (readonly [key: string, ...values: readonly string[]])[]): string {
  return formatTable(
    pairs.map(([key, ...values]) => [`${key}:`, values.filter((value) => value !== '').join(' '.repeat(GAP))]),
  )
}
