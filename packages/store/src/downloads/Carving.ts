/**
 * Makes the files of one day of a download: fetches the sealed objects, checks them, lets DuckDB carve or an engine's format be made of
 * them, and stores what came out under the download's id. Memory is bounded by DuckDB's and by one market's day.
 *
 * What is made is a function of the sealed objects and the question alone, so work that is done twice gives the same objects.
 */
import { join } from "node:path"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { ManifestFile } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { downloadKey } from "@kalshibook/core/cold/SegmentKeys"
import * as BookFold from "@kalshibook/core/export/BookFold"
import { Effect, Option, Ref, Stream } from "effect"
import * as DuckDb from "../cold/DuckDb.ts"
import * as EngineFiles from "../export/EngineFiles.ts"
import { MarketCatalog } from "../MarketCatalog.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import { DownloadError, SealedDataWrong, StorageAway, TooLarge } from "./DownloadError.ts"
import type { DownloadPart } from "./DownloadPart.ts"
import * as DownloadPlan from "./DownloadPlan.ts"
import { type DownloadRequest, isEngineFormat, type TableFormat } from "./DownloadRequest.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"
import * as SealedRows from "./SealedRows.ts"
import * as TableCopy from "./TableCopy.ts"
import * as WorkFiles from "./WorkFiles.ts"

/** The work on one day. */
export interface Carving {
  readonly id: string
  readonly request: DownloadRequest
  readonly day: DownloadPlan.PlannedDay
  /** Bytes that the download's other days have already. */
  readonly bytesBefore: number
}

/** Fetched at once: more would only share the line. */
const fetchesMax = 4

const failed = (reason: DownloadError["reason"]) => new DownloadError({ operation: "make files", reason })
const away = (cause: unknown) => failed(new StorageAway({ problem: String(cause) }))

/** The parts that came of a day. Interrupted or failed, nothing of it is left on this machine. */
export const day = Effect.fn("Carving.day")(
  function* (carving: Carving, settings: DownloadSettings) {
    const folder = yield* WorkFiles.folder(settings.folder)
    const paths = yield* fetched(carving, folder)
    const duck = yield* DuckDb.make({
      memoryMebibytes: settings.duckMebibytes,
      threads: 1,
      folders: [folder],
      spill: { folder: join(folder, "spill"), mebibytesMax: settings.spillMebibytesMax }
    })
    const work = { ...carving, folder, settings, paths, bytes: yield* Ref.make(carving.bytesBefore) }
    return isEngineFormat(carving.request.format)
      ? yield* engineParts(work, duck, carving.request.format)
      : yield* tableParts(work, duck, carving.request.format)
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

interface Work extends Carving {
  readonly folder: string
  readonly settings: DownloadSettings
  /** Files on this machine, by kind, in the order of their spans. */
  readonly paths: ReadonlyMap<SegmentKind, ReadonlyArray<string>>
  readonly bytes: Ref.Ref<number>
}

const fetched = Effect.fnUntraced(function* ({ day, request }: Carving, folder: string) {
  const files = day.spans.flatMap((span) => span.files)
  // A book's files are not needed where only the trades of its markets are.
  const wanted = files.filter(({ kind }) => request.kinds.includes(kind))
  const paths = yield* Effect.forEach(
    wanted,
    (file, index) => Effect.as(fetch(file, join(folder, `${index}.parquet`)), join(folder, `${index}.parquet`)),
    { concurrency: fetchesMax }
  )
  const byKind = new Map<SegmentKind, Array<string>>()
  for (const [index, { kind }] of wanted.entries()) {
    byKind.set(kind, [...(byKind.get(kind) ?? []), paths[index] as string])
  }
  return byKind
})

const fetch = Effect.fnUntraced(function* ({ bytes, key, sha256 }: ManifestFile, path: string) {
  const store = yield* ObjectStore
  const receipt = yield* store
    .getToFile(key, path)
    .pipe(
      Effect.mapError((error) =>
        failed(
          error.reason._tag === "NotFound" || error.reason._tag === "Corrupt"
            ? new SealedDataWrong({ problem: error.message })
            : new StorageAway({ problem: error.message })
        )
      )
    )
  if (receipt.sha256 === sha256 && receipt.bytes === bytes) return
  const problem = `${key} has ${receipt.bytes} bytes with sha256 ${receipt.sha256}; its manifest says ${bytes} with ${sha256}`
  return yield* failed(new SealedDataWrong({ problem }))
})

/** One file for each kind. */
const tableParts = Effect.fnUntraced(function* (work: Work, duck: DuckDb.DuckDb, format: TableFormat) {
  const connection = yield* duck.connect
  const { day, request, settings } = work
  if (request.tickers !== undefined) yield* SealedRows.want(connection, request.tickers)
  const parts: Array<DownloadPart> = []
  for (const kind of DownloadPlan.kindsOf(day)) {
    const name = DownloadPlan.tableFileName(format, kind, day)
    const path = join(work.folder, name)
    const from = { kind, paths: work.paths.get(kind) ?? [], isOfSome: request.tickers !== undefined }
    const rows = yield* TableCopy.copy(connection, format, from, path, settings.workMillisMax)
    parts.push(yield* stored(work, { file_name: name, kind, rows, market_ticker: null }, path))
  }
  return parts
})

/** Files for each market, one market after the other. */
const engineParts = Effect.fnUntraced(function* (work: Work, duck: DuckDb.DuckDb, format: EngineFiles.EngineFormat) {
  const { day, request, settings } = work
  const [ofBooks, ofTrades] = [yield* duck.connect, yield* duck.connect]
  const tickers = DownloadPlan.tickersOf(day)
  const parts: Array<DownloadPart> = []
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
      parts.push(yield* stored(work, { file_name: name, kind, rows, market_ticker: marketTicker }, path))
    }
  })

  if (!isBookWanted) {
    for (const ticker of tickers) yield* finish(yield* opened(format, day, ticker))
    return parts
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
            open = yield* opened(format, day, ticker)
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
  return parts
})

interface OpenMarket {
  readonly marketTicker: MarketTicker
  readonly files: EngineFiles.EngineFiles
  readonly fold: BookFold.BookFold
}

const opened = Effect.fnUntraced(function* (
  format: EngineFiles.EngineFormat,
  { fromMicros, toMicros }: DownloadPlan.PlannedDay,
  marketTicker: MarketTicker
) {
  const catalog = yield* MarketCatalog
  const market = yield* catalog.market(marketTicker).pipe(Effect.mapError(away))
  const body = Option.match(market, { onNone: () => ({}), onSome: (version) => version.body })
  const open: OpenMarket = {
    marketTicker,
    files: EngineFiles.make(format, { marketTicker, fromMicros, toMicros, body }),
    fold: BookFold.make(fromMicros, toMicros)
  }
  return open
})

const contentTypes: Readonly<Record<string, string>> = {
  parquet: "application/vnd.apache.parquet",
  gz: "application/gzip",
  npz: "application/zip",
  json: "application/json"
}

/** Stores a file, removes it here, and says what it is. */
const stored = Effect.fnUntraced(function* (
  { bytes: total, day, id, settings }: Work,
  facts: Pick<DownloadPart, "file_name" | "kind" | "rows" | "market_ticker">,
  path: string
) {
  const store = yield* ObjectStore
  const key = downloadKey(id, facts.file_name)
  const bytes = yield* WorkFiles.bytesOf(path)
  if ((yield* Ref.updateAndGet(total, (sum) => sum + bytes)) > settings.carvedBytesMax) {
    const problem = `the files of a download have at most ${settings.carvedBytesMax} bytes`
    return yield* failed(new TooLarge({ problem }))
  }
  const sha256 = yield* WorkFiles.sha256Of(path)
  const contentType =
    contentTypes[facts.file_name.slice(facts.file_name.lastIndexOf(".") + 1)] ?? "application/octet-stream"
  yield* store.putFile(key, path, { contentType, sha256 }).pipe(
    // An earlier version of this program left another file here.
    Effect.catchIf(
      (error) => error.reason._tag === "Conflict",
      () => Effect.andThen(store.remove(key), store.putFile(key, path, { contentType, sha256 }))
    ),
    Effect.mapError((error) => failed(new StorageAway({ problem: error.message })))
  )
  yield* WorkFiles.remove(path)
  const part: DownloadPart = { ...facts, key, bytes, sha256, from_micros: day.fromMicros, to_micros: day.toMicros }
  return part
})
