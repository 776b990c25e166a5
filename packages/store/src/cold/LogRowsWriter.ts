/**
 * Rows of an hour or a day to Parquet files of bounded size, cut where a market ends. The same rows give the same files, whoever
 * writes them and however they are cut into batches on their way.
 *
 * What waits for its file is in memory, some 40 bytes a row: about 150 MB for a file of 32 MiB.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { ManifestMarket } from "@kalshibook/core/cold/Manifest"
import type * as Replay from "@kalshibook/core/Replay"
import { Data, Effect, Stream } from "effect"
import type { DuckDb, DuckDbError } from "./DuckDb.ts"
import * as LogRowsSource from "./LogRowsSource.ts"
import * as MarketTally from "./MarketTally.ts"
import * as ParquetFile from "./ParquetFile.ts"

/** The rows are not what a file may hold; nothing of them should be used. */
export class LogRowsRefused extends Data.TaggedError("LogRowsRefused")<{
  readonly marketTicker: MarketTicker
  readonly problem: string
}> {
  override get message(): string {
    return `rows of ${this.marketTicker}: ${this.problem}`
  }
}

export interface WriteOptions {
  /** Where the files go, one that the database may write. */
  readonly folder: string
  /** Files are not larger, unless a single market is. */
  readonly fileBytesMax: number
  readonly codeRevision: string
}

export interface WrittenFile extends ParquetFile.ParquetFile {
  readonly part: number
  readonly rows: number
  readonly tsReceivedMicrosMin: number | null
  readonly tsReceivedMicrosMax: number | null
  readonly tsExchangeMicrosMin: number | null
  readonly tsExchangeMicrosMax: number | null
}

export interface Written {
  readonly files: ReadonlyArray<WrittenFile>
  /** Ascending by ticker. */
  readonly markets: ReadonlyArray<ManifestMarket>
  readonly rows: number
  /** Without keyframes. */
  readonly records: number
  /** Each market's state after its last record: with what the next hour begins. */
  readonly states: ReadonlyMap<MarketTicker, Replay.Replay>
}

/** Expected bytes a row: of the first file, and between which bounds the last file's are believed for the next one. */
const rowBytesFirst = 12
const rowBytesMin = 8
/** How much of the size is aimed at: what is expected is not what comes. */
const fill = 0.9

/** Writes all rows, in the order of the files. The database has one thread. Files that were begun stay when it fails. */
export const write = <E, R>(
  db: DuckDb,
  rows: Stream.Stream<LogRows.LogRows, E, R>,
  options: WriteOptions
): Effect.Effect<Written, E | DuckDbError | LogRowsRefused, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* db.connect
      const source = LogRowsSource.make(`log_rows_${connection.id}`)
      connection.register(source.tableFunction)
      const fold = LogRowsFold.make()
      const files: Array<WrittenFile> = []
      const markets: Array<ManifestMarket> = []
      /** Markets that wait for their file, the last one perhaps not whole. */
      const waiting: Array<MarketTally.MarketTally> = []
      let rowBytes = rowBytesFirst

      const take = (batch: LogRows.LogRows): LogRowsRefused | undefined => {
        for (let row = 0; row < batch.rows; ) {
          const end = LogRows.runEnd(batch, row, batch.rows)
          const ticker = LogRows.tickerAt(batch, row)
          let tally = waiting[waiting.length - 1]
          if (tally === undefined || tally.ticker !== ticker) {
            const before = tally?.ticker ?? markets[markets.length - 1]?.market_ticker
            if (before !== undefined && !(before < ticker)) {
              return new LogRowsRefused({ marketTicker: ticker, problem: `it stands behind ${before}` })
            }
            tally = MarketTally.make(ticker)
            waiting.push(tally)
          }
          const problem = MarketTally.count(tally, batch, row, end)
          if (problem !== undefined) return new LogRowsRefused({ marketTicker: ticker, problem })
          row = end
        }
        source.append(batch, 0, batch.rows)
        LogRowsFold.apply(fold, batch)
        return undefined
      }

      /** Writes the first `count` markets that wait, or fewer where the file becomes too large. */
      const writeFile = Effect.fnUntraced(function* (count: number) {
        const part = files.length
        let size = count
        while (true) {
          const rows = rowsOf(waiting, size)
          source.rewind(rows)
          const path = `${options.folder}/records-${String(part).padStart(4, "0")}.parquet`
          const file = yield* ParquetFile.write(connection, `from log_rows_${connection.id}()`, path, {
            kind: "records",
            codeRevision: options.codeRevision
          })
          if (file.bytes > options.fileBytesMax && size > 1) {
            size = marketsWithin(waiting, size - 1, (rows * options.fileBytesMax * fill) / file.bytes)
            continue
          }
          rowBytes = Math.max(rowBytesMin, file.bytes / rows)
          source.drop(rows)
          accept(file, part, size)
          return
        }
      })

      const accept = (file: ParquetFile.ParquetFile, part: number, count: number): void => {
        const received = MarketTally.emptyRange()
        const exchange = MarketTally.emptyRange()
        let rows = 0
        for (const tally of waiting.splice(0, count)) {
          const state = fold.replays.get(tally.ticker) as Replay.Replay
          markets.push(MarketTally.toManifest(tally, state, part, rows))
          MarketTally.widen(received, tally.received)
          MarketTally.widen(exchange, tally.exchange)
          rows += tally.rows
        }
        files.push({
          ...file,
          part,
          rows,
          tsReceivedMicrosMin: MarketTally.nullable(received.min),
          tsReceivedMicrosMax: MarketTally.nullable(received.max),
          tsExchangeMicrosMin: MarketTally.nullable(exchange.min),
          tsExchangeMicrosMax: MarketTally.nullable(exchange.max)
        })
      }

      /** Writes files while more rows wait than one takes; of markets that are whole. */
      const writeFull = Effect.gen(function* () {
        while (true) {
          const rowsMax = (options.fileBytesMax * fill) / rowBytes
          if (source.rows <= rowsMax || waiting.length < 2) return
          yield* writeFile(marketsWithin(waiting, waiting.length - 1, rowsMax))
        }
      })

      yield* Stream.runForEach(rows, (batch): Effect.Effect<void, DuckDbError | LogRowsRefused> => {
        const refused = take(batch)
        return refused === undefined ? writeFull : Effect.fail(refused)
      })
      LogRowsFold.finish(fold)
      yield* writeFull
      if (waiting.length > 0) yield* writeFile(waiting.length)
      return {
        files,
        markets,
        rows: files.reduce((sum, file) => sum + file.rows, 0),
        records: markets.reduce((sum, market) => sum + market.records, 0),
        states: fold.replays
      }
    })
  )

const rowsOf = (waiting: ReadonlyArray<MarketTally.MarketTally>, count: number): number =>
  waiting.slice(0, count).reduce((sum, { rows }) => sum + rows, 0)

/** How many of the first `countMax` markets have no more rows than these; at least one. */
const marketsWithin = (waiting: ReadonlyArray<MarketTally.MarketTally>, countMax: number, rowsMax: number): number => {
  let rows = 0
  let count = 0
  while (count < countMax) {
    rows += (waiting[count] as MarketTally.MarketTally).rows
    if (rows > rowsMax) break
    count++
  }
  return Math.max(1, count)
}
