/**
 * Rows of the small kinds (trades, lifecycle, gaps, channel_gaps, markets) to Parquet files: sorted here, so that the same rows give
 * the same bytes in whatever order they come.
 */
import { isCutByMarket, segmentColumns, segmentOrder } from "@kalshibook/core/cold/SegmentColumns"
import { Effect } from "effect"
import type { DuckDb, DuckDbError } from "./DuckDb.ts"
import type { SideKind, SideRow } from "./HourSideRows.ts"
import type { WriteOptions, WrittenFile } from "./LogRowsWriter.ts"
import * as MarketTally from "./MarketTally.ts"
import * as ParquetFile from "./ParquetFile.ts"
import * as SideRowsSource from "./SideRowsSource.ts"

/** Writes the rows of a kind, in memory as a whole; no file where there is none. The database has one thread. */
export const write = (
  db: DuckDb,
  kind: SideKind,
  rows: ReadonlyArray<SideRow>,
  options: WriteOptions
): Effect.Effect<ReadonlyArray<WrittenFile>, DuckDbError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* db.connect
      const name = `side_rows_${connection.id}`
      const source = SideRowsSource.make(name, kind)
      connection.register(source.tableFunction)
      const files: Array<WrittenFile> = []
      const waiting: Array<ReadonlyArray<SideRow>> = rows.length === 0 ? [] : [sorted(kind, rows)]
      for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
        source.give(part)
        const path = `${options.folder}/${kind}-${String(files.length).padStart(4, "0")}.parquet`
        const file = yield* ParquetFile.write(connection, `from ${name}()`, path, {
          kind,
          codeRevision: options.codeRevision
        })
        const cut = file.bytes > options.fileBytesMax && isCutByMarket(kind) ? middleOf(part) : 0
        if (cut > 0) waiting.push(part.slice(cut), part.slice(0, cut))
        else files.push({ ...file, part: files.length, rows: part.length, ...timesOf(kind, part) })
      }
      return files
    })
  )

const placeOf = (kind: SideKind, name: string): number =>
  segmentColumns[kind].findIndex((column) => column.name === name)

const sorted = (kind: SideKind, rows: ReadonlyArray<SideRow>): ReadonlyArray<SideRow> => {
  const order = segmentOrder[kind].map((name) => placeOf(kind, name))
  return rows.toSorted((left, right) => {
    for (const column of order) {
      const one = left[column] ?? 0
      const other = right[column] ?? 0
      if (one !== other) return one < other ? -1 : 1
    }
    return 0
  })
}

/** Where the market begins that is nearest to the middle; 0 where all is of one. The first column is the market. */
const middleOf = (rows: ReadonlyArray<SideRow>): number => {
  const isStart = (row: number): boolean => row > 0 && row < rows.length && rows[row]?.[0] !== rows[row - 1]?.[0]
  const middle = rows.length >>> 1
  for (let away = 0; away <= middle + 1; away++) {
    if (isStart(middle - away)) return middle - away
    if (isStart(middle + away)) return middle + away
  }
  return 0
}

/** The columns by which a kind is found in time: those of receipt, or of what else says when it happened to us. */
const receivedColumns = ["ts_received", "ts_from", "ts_observed"]

const timesOf = (kind: SideKind, rows: ReadonlyArray<SideRow>) => {
  const received = rangeOf(rows, Math.max(...receivedColumns.map((name) => placeOf(kind, name))))
  const exchange = rangeOf(rows, placeOf(kind, "ts_exchange"))
  return {
    tsReceivedMicrosMin: MarketTally.nullable(received.min),
    tsReceivedMicrosMax: MarketTally.nullable(received.max),
    tsExchangeMicrosMin: MarketTally.nullable(exchange.min),
    tsExchangeMicrosMax: MarketTally.nullable(exchange.max)
  }
}

const rangeOf = (rows: ReadonlyArray<SideRow>, column: number): MarketTally.Range => {
  const range = MarketTally.emptyRange()
  if (column < 0) return range
  for (const row of rows) {
    const micros = row[column]
    if (typeof micros === "number") MarketTally.widen(range, { min: micros, max: micros })
  }
  return range
}
