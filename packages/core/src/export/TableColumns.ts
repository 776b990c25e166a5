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

const priceColumns = (name: string, what: string): ReadonlyArray<TableColumn> =>
  (["open", "high", "low", "close"] as const).map((which) => ({
    name: `${name}_${which}`,
    type: "DECIMAL(9,4)",
    isNullable: true,
    description: `Dollars on the yes scale: the ${pricePlaces[which]} ${what}`
  }))
const pricePlaces = { open: "first", high: "highest", low: "lowest", close: "last" } as const

const text = (name: string, description: string, isNullable = false): TableColumn => ({
  name,
  type: "VARCHAR",
  isNullable,
  description
})

const count = (name: string, type: "BIGINT" | "DECIMAL(18,2)", description: string): TableColumn => ({
  name,
  type,
  isNullable: false,
  description
})

/** What a row of candles has. */
export const candleColumns: ReadonlyArray<TableColumn> = [
  { name: "market_ticker", type: "VARCHAR", isNullable: false, description: "Kalshi's name of the market." },
  { name: "ts_start", type: "TIMESTAMPTZ", isNullable: false, description: "The beginning of the bucket." },
  {
    name: "ts_end",
    type: "TIMESTAMPTZ",
    isNullable: false,
    description: "The end of the bucket, which is not part of it."
  },
  {
    name: "is_complete",
    type: "BOOLEAN",
    isNullable: false,
    description: "Whether all of the bucket was stored when it was read."
  },
  ...priceColumns("price", "trade by the exchange's clock. Empty where there is none."),
  count("trade_count", "BIGINT", "Trades."),
  count("volume", "DECIMAL(18,2)", "Contracts traded."),
  {
    name: "are_trades_whole",
    type: "BOOLEAN",
    isNullable: false,
    description: "Whether no hole of the channel of trades that is not filled touches the bucket."
  },
  ...priceColumns(
    "yes_bid",
    "of the best yes bids, while the book is trusted and has one, the one it began with included. Empty where that is never."
  ),
  ...priceColumns(
    "yes_ask",
    "of the implied yes asks, one dollar less the best no bid, in the same way. Empty where that is never."
  ),
  count("book_records", "BIGINT", "Records of the log in the bucket; 0: the quotes are those that it began with."),
  {
    name: "trust",
    type: "VARCHAR",
    isNullable: false,
    description:
      "trusted: the book is known throughout; partial: in some of the bucket; stale: nowhere, because of a gap; unknown: there was no book yet."
  },
  count("book_trusted_micros", "BIGINT", "For how many microseconds of the bucket the book is trusted."),
  {
    name: "gap_causes",
    type: "VARCHAR",
    isNullable: true,
    description: "Why it is not in the rest, separated by commas. Empty where there is no gap."
  },
  {
    name: "open_interest",
    type: "DECIMAL(18,2)",
    isNullable: true,
    description:
      "Contracts that were open, where the exchange told us; it is never reckoned. Today empty always: no recorded channel carries it, and versions of markets are kept without what trading changes."
  }
]

/** What a row of an account's requests has. */
export const requestColumns: ReadonlyArray<TableColumn> = [
  {
    name: "time",
    type: "TIMESTAMPTZ",
    isNullable: false,
    description: "When it was let in or, where it failed, answered. Of errors that were counted: the first."
  },
  text("request_id", "As in the answer. Empty where errors were counted, and for what was paid for a download.", true),
  text("download_id", "The download that was paid for. Empty for everything else.", true),
  text("operation", "The call, by its operationId. Empty where several were counted.", true),
  text("key", "The public prefix of the key, or user- and eight letters of a member's id."),
  text("outcome", "answered; held: it is being answered; failed."),
  { name: "status", type: "INTEGER", isNullable: true, description: "The HTTP status of an error. Empty otherwise." },
  text("code", "The code of the problem. Empty where it did not fail.", true),
  count("credits", "BIGINT", "All that it cost, also where it was paid in parts."),
  count("rows", "BIGINT", "Entries that were paid for."),
  count("count", "BIGINT", "1; of errors that were counted, how many there were in that minute."),
  {
    name: "time_last",
    type: "TIMESTAMPTZ",
    isNullable: false,
    description: "As time; of errors that were counted, the last."
  }
]
