/**
 * The columns of tables that are streamed and that no sealed file has: books at regular moments, a row for each, and measures of books.
 * They are described as the sealed files' are, and docs/data-format.md is held to them.
 */
import { type MeasureName, type MeasureType, measures, type RecordMeasureName } from "../BookMeasures.ts"
import type { SegmentColumn } from "../cold/SegmentColumns.ts"

export interface TableColumn extends Omit<SegmentColumn, "type"> {
  readonly type: SegmentColumn["type"] | MeasureType
}

export const measureColumn = (name: RecordMeasureName): TableColumn => ({ name, isNullable: true, ...measures[name] })

const sampleHead: ReadonlyArray<TableColumn> = [
  { name: "market_ticker", type: "VARCHAR", isNullable: false, description: "Kalshi's name of the market." },
  { name: "ts", type: "TIMESTAMPTZ", isNullable: false, description: "The moment, by the receive clock." },
  {
    name: "record_offset",
    type: "BIGINT",
    isNullable: false,
    description: "The last record of the log that is part of the book."
  },
  {
    name: "trust",
    type: "VARCHAR",
    isNullable: false,
    description: "trusted: the levels are exact; stale: they are the last good ones; unknown: no book was known yet."
  },
  { name: "gap_cause", type: "VARCHAR", isNullable: true, description: "Why it is stale. Empty otherwise." }
]

/** The four columns of one level, 1 for the best, or `N`. */
export const levelColumns = (level: number | "N"): ReadonlyArray<TableColumn> =>
  (["yes", "no"] as const).flatMap((side): ReadonlyArray<TableColumn> => {
    const which = `the ${side} bid that is number ${level} from the best`
    return [
      {
        name: `${side}_price_${level}`,
        type: "DECIMAL(9,4)",
        isNullable: true,
        description: `Dollars, of the ladder's own side: ${which}. Empty where there are fewer.`
      },
      {
        name: `${side}_size_${level}`,
        type: "DECIMAL(18,2)",
        isNullable: true,
        description: `Contracts of ${which}. Empty where there are fewer.`
      }
    ]
  })

/** What a row of samples has: its head, measures in the order in which they were asked for, and the levels, best first. */
export const sampleColumns = (depth: number, names: ReadonlyArray<MeasureName>): ReadonlyArray<TableColumn> => [
  ...sampleHead,
  ...names.map(measureColumn),
  ...Array.from({ length: depth }, (_, at) => levelColumns(at + 1)).flat()
]
