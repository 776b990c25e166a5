/**
 * Makes the files of one day of a download out of sealed files that lie on this machine: DuckDB carves them, or an engine's format is
 * made of them. Keeps a processor busy for as long as it takes, so it runs in a process of its own (`make-day.ts`), which knows neither
 * the database nor the store: what it needs of them it asks whoever gave it the work.
 *
 * What is made is a function of the sealed files and the question alone. Memory is bounded by DuckDB's and by one market's day.
 */
import { join } from "node:path"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import * as BookFold from "@kalshibook/core/export/BookFold"
import { Effect, Stream } from "effect"
import * as DuckDb from "../cold/DuckDb.ts"
import * as EngineFiles from "../export/EngineFiles.ts"
import { DownloadError, StorageAway, TooLarge } from "./DownloadError.ts"
import type { DownloadPart } from "./DownloadPart.ts"
import * as DownloadPlan from "./DownloadPlan.ts"
import { type DownloadRequest, isEngineFormat, type TableFormat } from "./DownloadRequest.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"
import * as SealedRows from "./SealedRows.ts"
import * as TableCopy from "./TableCopy.ts"
import * as WorkFiles from "./WorkFiles.ts"

/** What there is to do. Goes from process to process as it is. */
export interface DayWork {
  readonly request: DownloadRequest
  readonly day: DownloadPlan.PlannedDay
  readonly settings: DownloadSettings
  /** Where files are made. */
  readonly folder: string
  /** The sealed files, by kind, in the order of their spans. */
  readonly paths: ReadonlyMap<SegmentKind, ReadonlyArray<string>>
}

/** A file that is ready, and lies in the folder until it is kept. */
export interface MadeFile
  extends Pick<DownloadPart, "file_name" | "kind" | "rows" | "market_ticker" | "bytes" | "sha256"> {
  readonly path: string
}

/** Whoever gave the work. */
export interface Giver {
  /** Kalshi's market object as last seen; empty where the catalogue has none. */
  readonly market: (ticker: MarketTicker) => Effect.Effect<Readonly<Record<string, unknown>>, DownloadError>
  /** Keeps a file; it may be gone afterwards. */
  readonly keep: (file: MadeFile) => Effect.Effect<void, DownloadError>
}

const failed = (reason: DownloadError["reason"]) => new DownloadError({ operation: "make files", reason })

export const make = Effect.fn("DayFiles.make")(
  function* (work: DayWork, giver: Giver) {
    const { folder, request, settings } = work
    const duck = yield* DuckDb.make({
      memoryMebibytes: settings.duckMebibytes,
      threads: 1,
      folders: [folder],
      spill: { folder: join(folder, "spill"), mebibytesMax: settings.spillMebibytesMax }
    })
    return isEngineFormat(request.format)
      ? yield* engineFiles(work, giver, duck, request.format)
      : yield* tableFiles(work, giver, duck, request.format)
  },
  Effect.scoped,
  Effect.catchTag("DuckDbError", (error) =>
    Effect.fail(
      failed(
        error.reason === "TimedOut"
          ? new TooLarge({ problem: error.detail })
          : new StorageAway({ problem: error.message })
      )
    )
  )
)

type MadeFacts = Omit<MadeFile, "bytes" | "sha256">

const kept = Effect.fnUntraced(function* (giver: Giver, facts: MadeFacts) {
  const bytes = yield* WorkFiles.bytesOf(facts.path)
  const sha256 = yield* WorkFiles.sha256Of(facts.path)
  yield* giver.keep({ ...facts, bytes, sha256 })
})

/** One file for each kind. */
const tableFiles = Effect.fnUntraced(function* (work: DayWork, giver: Giver, duck: DuckDb.DuckDb, format: TableFormat) {
  const connection = yield* duck.connect
  const { day, request, settings } = work
  if (request.tickers !== undefined) yield* SealedRows.want(connection, request.tickers)
  for (const kind of DownloadPlan.kindsOf(day)) {
    const name = DownloadPlan.tableFileName(format, kind, day)
    const path = join(work.folder, name)
    const from = { kind, paths: work.paths.get(kind) ?? [], isOfSome: request.tickers !== undefined }
    const rows = yield* TableCopy.copy(connection, format, from, path, settings.workMillisMax)
    yield* kept(giver, { file_name: name, kind, rows, market_ticker: null, path })
  }
})

/** Files for each market, one market after the other. */
const engineFiles = Effect.fnUntraced(function* (
  work: DayWork,
  giver: Giver,
  duck: DuckDb.DuckDb,
  format: EngineFiles.EngineFormat
) {
  const { day, request, settings } = work
  const [ofBooks, ofTrades] = [yield* duck.connect, yield* duck.connect]
  const tickers = DownloadPlan.tickersOf(day)
  const isBookWanted = request.kinds.includes("records")
  const tradePaths = request.kinds.includes("trades") ? (work.paths.get("trades") ?? []) : undefined

  const finish = Effect.fnUntraced(function* (open: OpenMarket) {
    BookFold.finish(open.fold, open.files.sink)
    const { marketTicker } = open
    const trades = tradePaths && (yield* SealedRows.trades(ofTrades, tradePaths, marketTicker, day))
    const files = yield* open.files
      .files(trades, isBookWanted)
      .pipe(
        Effect.mapError(({ bytes }) => failed(new TooLarge({ problem: `${marketTicker} alone has ${bytes} bytes` })))
      )
    for (const { kind, name, pieces, rows } of files) {
      const path = join(work.folder, "out", name)
      yield* WorkFiles.write(path, pieces)
      yield* kept(giver, { file_name: name, kind, rows, market_ticker: marketTicker, path })
    }
  })

  if (!isBookWanted) {
    for (const ticker of tickers) yield* finish(yield* opened(giver, format, day, ticker))
    return
  }
  yield* SealedRows.want(ofBooks, tickers)
  let open: OpenMarket | undefined
  yield* SealedRows.records(ofBooks, work.paths.get("records") ?? [], settings.workMillisMax).pipe(
    Stream.runForEach((rows) =>
      Effect.gen(function* () {
        let from = 0
        for (let to = 1; to <= rows.rows; to++) {
          if (to < rows.rows && rows.market[to] === rows.market[from]) continue
          const ticker = tickers[rows.market[from] as number] as MarketTicker
          if (open?.marketTicker !== ticker) {
            if (open !== undefined) yield* finish(open)
            open = yield* opened(giver, format, day, ticker)
          }
          BookFold.apply(open.fold, rows, from, to, open.files.sink)
          if (open.files.events() > settings.eventsPerFileMax) {
            const problem = `${ticker} alone has more than ${settings.eventsPerFileMax} events in a day`
            return yield* failed(new TooLarge({ problem }))
          }
          from = to
        }
      })
    )
  )
  if (open !== undefined) yield* finish(open)
})

interface OpenMarket {
  readonly marketTicker: MarketTicker
  readonly files: EngineFiles.EngineFiles
  readonly fold: BookFold.BookFold
}

const opened = Effect.fnUntraced(function* (
  giver: Giver,
  format: EngineFiles.EngineFormat,
  { fromMicros, toMicros }: DownloadPlan.PlannedDay,
  marketTicker: MarketTicker
) {
  const body = yield* giver.market(marketTicker)
  const open: OpenMarket = {
    marketTicker,
    files: EngineFiles.make(format, { marketTicker, fromMicros, toMicros, body }),
    fold: BookFold.make(fromMicros, toMicros)
  }
  return open
})
