/** The kinds beside the records of a day, out of the files of its hours: each row once, sorted, cut at market boundaries. */
import { isCutByMarket, type SegmentKind, segmentColumns, segmentOrder } from "@kalshibook/core/cold/SegmentColumns"
import { int64At, isThere } from "@kalshibook/store/cold/DuckChunk"
import { type Connection, type DuckDb, type DuckDbError, quoted } from "@kalshibook/store/cold/DuckDb"
import * as ParquetFile from "@kalshibook/store/cold/ParquetFile"
import { Effect } from "effect"
import type { MadeFile } from "./SpanMaker.ts"

export interface DaySideOptions {
  readonly kind: Exclude<SegmentKind, "records">
  /** Of the hours, in order. */
  readonly paths: ReadonlyArray<string>
  readonly folder: string
  readonly fileBytesMax: number
  readonly codeRevision: string
}

/** No file where there are no rows. The database has one thread. */
export const write = (db: DuckDb, options: DaySideOptions): Effect.Effect<ReadonlyArray<MadeFile>, DuckDbError> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (options.paths.length === 0) return []
      const { codeRevision, fileBytesMax, folder, kind } = options
      const connection = yield* db.connect
      const made: Array<MadeFile> = []
      const waiting: Array<ReadonlyArray<string>> = [yield* tickersOf(connection, options)]
      for (let tickers = waiting.pop(); tickers !== undefined; tickers = waiting.pop()) {
        const part = made.length
        const path = `${folder}/${kind}-${String(part).padStart(4, "0")}.parquet`
        const file = yield* ParquetFile.write(connection, queryOf(options, tickers), path, { kind, codeRevision })
        if (file.bytes > fileBytesMax && tickers.length > 1) {
          const middle = tickers.length >>> 1
          waiting.push(tickers.slice(middle), tickers.slice(0, middle))
          continue
        }
        made.push({ kind, part, ...file, ...(yield* factsOf(connection, kind, path)) })
      }
      return made
    })
  )

const filesOf = (paths: ReadonlyArray<string>): string => `read_parquet([${paths.map(quoted).join(", ")}])`

/** A market's version that holds at the beginning of an hour stands in each hour: `distinct`. */
const queryOf = ({ kind, paths }: DaySideOptions, tickers: ReadonlyArray<string>): string => {
  const [first, last] = [tickers[0], tickers.at(-1)]
  const range =
    first === undefined || last === undefined ? "" : `where market_ticker between ${quoted(first)} and ${quoted(last)}`
  const columns = segmentColumns[kind].map(({ name }) => name).join(", ")
  return `select distinct ${columns} from ${filesOf(paths)} ${range} order by ${segmentOrder[kind].join(", ")}`
}

const tickersOf = Effect.fnUntraced(function* (connection: Connection, { kind, paths }: DaySideOptions) {
  const tickers: Array<string> = []
  if (!isCutByMarket(kind)) return tickers
  yield* connection.forEachChunk(
    `select distinct market_ticker from ${filesOf(paths)} order by market_ticker`,
    (chunk) => {
      for (let row = 0; row < chunk.rows; row++) tickers.push(chunk.text(0, row))
    }
  )
  return tickers
})

/** The columns by which a kind is found in time: of receipt, or of what else says when it happened to us. */
const receivedColumns = ["ts_received", "ts_from", "ts_observed"]

const factsOf = Effect.fnUntraced(function* (connection: Connection, kind: SegmentKind, path: string) {
  const has = (name: string): boolean => segmentColumns[kind].some((column) => column.name === name)
  const received = receivedColumns.find(has) ?? "null"
  const exchange = has("ts_exchange") ? "ts_exchange" : "null"
  let rows = 0
  let times: ReadonlyArray<number | null> = []
  yield* connection.forEachChunk(
    `select count(*), epoch_us(min(${received})::timestamptz), epoch_us(max(${received})::timestamptz),
            epoch_us(min(${exchange})::timestamptz), epoch_us(max(${exchange})::timestamptz)
     from read_parquet(${quoted(path)})`,
    (chunk) => {
      const at = (column: number) => (isThere(chunk.validity(column), 0) ? int64At(chunk.int64Words(column), 0) : null)
      rows = at(0) ?? 0
      times = [at(1), at(2), at(3), at(4)]
    }
  )
  return {
    rows,
    ts_received_micros_min: times[0] ?? null,
    ts_received_micros_max: times[1] ?? null,
    ts_exchange_micros_min: times[2] ?? null,
    ts_exchange_micros_max: times[3] ?? null
  }
})
