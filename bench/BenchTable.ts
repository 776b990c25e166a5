/** What a benchmark found, and the table that shows it beside what was promised. */

export interface BenchRow {
  /** What was measured, with its scale: `book apply, 2,000 markets`. */
  readonly what: string
  /** Our figure with its unit: `31.2 M/s`. */
  readonly ours: string
  /** The figure of what it is compared with, same unit; `""` where nothing is. */
  readonly baseline: string
  /** Ours over the baseline: `7.4x`; `""` where there is no baseline. */
  readonly ratio: string
  /** What must hold: `at least 5x`. */
  readonly promised: string
  /** Whether it holds. */
  readonly passed: boolean
}

/** The middle of the values; of an even number of values the mean of the two middle ones. `NaN` when there are none. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Events per second with a fitting unit: `31.2 M/s`, `25.1 k/s`. */
export const rate = (perSecond: number): string => {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(1)} M/s`
  return perSecond >= 1e3 ? `${(perSecond / 1e3).toFixed(1)} k/s` : `${perSecond.toFixed(0)}/s`
}

/** Prints the rows as one table with a column for the verdict. */
export const printTable = (rows: ReadonlyArray<BenchRow>): void => {
  const cells = [
    ["what", "ours", "baseline", "ratio", "promised", ""],
    ...rows.map((row) => [row.what, row.ours, row.baseline, row.ratio, row.promised, row.passed ? "ok" : "MISSED"])
  ]
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...cells.map((row) => (row[column] ?? "").length)))
  for (const row of cells) {
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`
    )
  }
}
