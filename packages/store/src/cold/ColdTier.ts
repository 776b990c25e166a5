/**
 * Sealed hours, read: a market's rows of an hour, the books of all of an hour's markets, an hour's trades.
 *
 * What is answered is what the manifest promised, row for row, or a problem: never a part. DuckDB reads files of the local cache on
 * threads of its own; what comes out are columns. Which hours hold the answer is not known here (`TieredLog` plans).
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import type { ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import * as Replay from "@kalshibook/core/Replay"
import * as Environment from "@kalshibook/core/settings/Environment"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import { type Config, Context, Effect, Layer, Pool, Semaphore } from "effect"
import { byReceipt } from "../ReceivedTrades.ts"
import { ColdDataProblem, ColdTierAway, type ColdTierError } from "./ColdDataProblem.ts"
import * as DuckDb from "./DuckDb.ts"
import * as LogRowsReader from "./LogRowsReader.ts"
import { Manifests, type OpenManifest, type SealedHour } from "./Manifests.ts"
import * as MarketBlocks from "./MarketBlocks.ts"
import { ObjectCache } from "./ObjectCache.ts"
import * as ReceivedRowsReader from "./ReceivedRowsReader.ts"
import * as TradeRowsReader from "./TradeRowsReader.ts"

/** All rows that a sealed hour has of a market, in log order. */
export interface MarketHour {
  readonly rows: LogRows.LogRows
  readonly entry: ManifestMarket
  /** Key of the object. */
  readonly source: string
  /** The state before the hour, anew each time; `undefined` where the log begins in it, or begins again. */
  readonly keyframe: () => Replay.Replay | undefined
  /** The first row behind the keyframe's. */
  readonly rowFirst: number
}

/** A market's book at a moment within a sealed hour. */
export interface HourBook {
  readonly replay: Replay.Replay
  readonly keyframeOffset: number | null
  /** Key of the object. */
  readonly source: string
}

/** Some rows of a market, no keyframes among them: [start, end) of what may hold other markets' as well. */
export interface RowsPart {
  readonly marketTicker: MarketTicker
  readonly rows: LogRows.LogRows
  readonly start: number
  readonly end: number
}

/** A part of a sealed hour by the receive clock, [from, to), Unix microseconds; of all markets where no tickers are named. */
export interface HourPartQuery {
  readonly hour: SealedHour
  readonly tickers: ReadonlyArray<MarketTicker> | undefined
  readonly fromMicros: number
  readonly toMicros: number
}

export interface ColdTierOptions {
  /** What DuckDB may take for its buffers. */
  readonly memoryMebibytes: number
}

/** Questions about one market that read at once: more would share the same cores. */
const smallMax = 4
/** Beyond so many markets a question counts as one about all of an hour. */
const marketsSmallMax = 60
/** Questions about all of an hour at once: each keeps the cores busy for a second. */
const largeMax = 1
/** Rows of markets' hours that stay in memory at most, about 100 bytes each: whoever reads page by page reads the same hour again. */
const rowsKeptMax = 300_000
/** How long DuckDB may work for a question. */
const smallMillisMax = 10_000
const largeMillisMax = 15_000
/** Rows come in their order only from one; questions at once have one each all the same. */
const threads = 1
/** Rows of many markets that are kept side by side. */
const partRowsAtOnce = 65_536
/** Enough to decode a file of 32 MiB column by column. */
const memoryMebibytes = Environment.settings.KALSHIBOOK_COLD_MEMORY_MEBIBYTES.absent

export class ColdTier extends Context.Service<
  ColdTier,
  {
    /** `undefined` where the hour has no rows of the market. O(the market's rows of the hour). */
    readonly marketHour: (
      hour: SealedHour,
      marketTicker: MarketTicker
    ) => Effect.Effect<MarketHour | undefined, ColdTierError>
    /**
     * The books at a moment within the hour by the receive clock, of those of the markets that have rows in it, or of all, in one
     * pass over its files. A market whose log begins in the hour and after the moment is left out, and so is one whose log begins
     * again in it, as what came before is not there.
     */
    readonly hourBooks: (
      hour: SealedHour,
      tickers: ReadonlyArray<MarketTicker> | undefined,
      atMicros: number
    ) => Effect.Effect<ReadonlyMap<MarketTicker, HourBook>, ColdTierError>
    /** The markets with rows in the hour, ascending bytewise. */
    readonly tickers: (hour: SealedHour) => Effect.Effect<ReadonlyArray<MarketTicker>, ColdTierError>
    /** Trades of a market received in the hour, [from, to) by exchange time, in the order of (time, id). */
    readonly trades: (
      hour: SealedHour,
      marketTicker: MarketTicker,
      fromMicros: number,
      toMicros: number
    ) => Effect.Effect<ReadonlyArray<TradeRecord>, ColdTierError>
    /** How many rows the hour has of the markets. No file of records is read for it. */
    readonly rowCount: (
      hour: SealedHour,
      tickers: ReadonlyArray<MarketTicker> | undefined
    ) => Effect.Effect<number, ColdTierError>
    /**
     * The rows of records of a part of the hour, market by market in the order of the files, in one pass over them; only what is
     * answered stays in memory, about 100 bytes a row.
     */
    readonly hourRows: (query: HourPartQuery) => Effect.Effect<ReadonlyArray<RowsPart>, ColdTierError>
    /** Trades received in a part of the hour, by receipt and id. */
    readonly tradesReceived: (query: HourPartQuery) => Effect.Effect<ReadonlyArray<TradeRecord>, ColdTierError>
    /** Lifecycle messages received in a part of the hour, of whatever market or event, by receipt, epoch, sid and seq. */
    readonly lifecycleReceived: (
      query: Omit<HourPartQuery, "tickers">
    ) => Effect.Effect<ReadonlyArray<LifecycleRecord>, ColdTierError>
  }
>()("@kalshibook/store/cold/ColdTier") {
  static readonly layerOf = (
    options: ColdTierOptions = { memoryMebibytes }
  ): Layer.Layer<ColdTier, ColdTierAway, ObjectCache> =>
    Layer.effect(ColdTier, Effect.map(make(options), ColdTier.of)).pipe(Layer.provide(Manifests.layerNoDeps))

  /** From the environment: `KALSHIBOOK_COLD_MEMORY_MEBIBYTES` (256). */
  static readonly layerConfig: Layer.Layer<ColdTier, ColdTierAway | Config.ConfigError, ObjectCache> = Layer.unwrap(
    Effect.map(Environment.config("KALSHIBOOK_COLD_MEMORY_MEBIBYTES"), (mebibytes) =>
      ColdTier.layerOf({ memoryMebibytes: mebibytes })
    )
  )

  /** Nothing is sealed. */
  static readonly layerNone: Layer.Layer<ColdTier> = Layer.succeed(
    ColdTier,
    ColdTier.of({
      marketHour: () => Effect.undefined,
      hourBooks: () => Effect.succeed(new Map()),
      tickers: () => Effect.succeed([]),
      trades: () => Effect.succeed([]),
      rowCount: () => Effect.succeed(0),
      hourRows: () => Effect.succeed([]),
      tradesReceived: () => Effect.succeed([]),
      lifecycleReceived: () => Effect.succeed([])
    })
  )
}

const make = Effect.fnUntraced(function* (options: ColdTierOptions) {
  const cache = yield* ObjectCache
  const manifests = yield* Manifests
  const duck = yield* DuckDb.make({ ...options, threads, folders: [cache.folder] }).pipe(
    Effect.mapError((error) => new ColdTierAway({ key: "", detail: error.message }))
  )
  const connections = yield* Pool.make({ acquire: duck.connect, size: smallMax + largeMax })
  const small = Semaphore.makeUnsafe(smallMax)
  const large = Semaphore.makeUnsafe(largeMax)

  /** Lets a file of the cache be read. A file that DuckDB cannot read is checked before anybody uses it again. */
  const reading = <A>(
    file: ManifestFile,
    work: (connection: DuckDb.Connection, path: string) => Effect.Effect<A, DuckDb.DuckDbError>
  ): Effect.Effect<A, ColdTierError> =>
    Effect.gen(function* () {
      const path = yield* cache.file(file)
      const connection = yield* Effect.mapError(Pool.get(connections), (error) => away(file.key, error))
      return yield* work(connection, path).pipe(
        Effect.tapError(() => cache.doubt(file)),
        Effect.mapError((error) => problemOf(file.key, error))
      )
    }).pipe(Effect.scoped)

  /** By manifest and market; what was used longest ago comes first. */
  const kept = new Map<string, MarketHour>()
  let rowsKept = 0

  const keep = (key: string, read: MarketHour): void => {
    if (kept.has(key)) return
    kept.set(key, read)
    rowsKept += read.rows.rows
    for (const [oldest, { rows }] of kept) {
      if (rowsKept <= rowsKeptMax) return
      kept.delete(oldest)
      rowsKept -= rows.rows
    }
  }

  const marketHour = (hour: SealedHour, ticker: MarketTicker) =>
    Effect.suspend(() => {
      const key = `${hour.manifestSha256} ${ticker}`
      const known = kept.get(key)
      if (known === undefined) {
        return Effect.tap(readMarketHour(hour, ticker), (read) =>
          Effect.sync(() => (read === undefined ? undefined : keep(key, read)))
        )
      }
      kept.delete(key)
      kept.set(key, known)
      return Effect.succeed(known)
    })

  const readMarketHour = Effect.fn("ColdTier.marketHour")(function* (hour: SealedHour, ticker: MarketTicker) {
    const manifest = yield* manifests.of(hour)
    const entry = yield* manifest.market(ticker)
    if (entry === undefined) return undefined
    const file = yield* recordsFile(manifest, entry)
    const rows = yield* reading(file, (connection, path) =>
      LogRowsReader.ofMarkets(connection, {
        file: path,
        rowFirst: entry.row_first,
        markets: [entry],
        workMillisMax: smallMillisMax
      })
    ).pipe(small.withPermit)
    return yield* checked(file, entry, rows)
  })

  /** Gives each of the markets' rows to `take`, block by block; what it gets is overwritten when it returns. */
  const forEachMarket = Effect.fnUntraced(function* (
    manifest: OpenManifest,
    entries: ReadonlyArray<ManifestMarket>,
    take: (marketHour: MarketHour) => void
  ) {
    const into = LogRows.make(MarketBlocks.rowsMax)
    for (const file of manifest.files("records")) {
      for (const block of MarketBlocks.of(entries.filter(({ part }) => part === file.part))) {
        const rows = yield* reading(file, (connection, path) =>
          LogRowsReader.ofMarkets(connection, { file: path, ...block, into, workMillisMax: largeMillisMax })
        )
        for (const entry of block.markets) {
          const from = entry.row_first - block.rowFirst
          take(yield* checked(file, entry, LogRows.slice(rows, from, Math.min(rows.rows, from + entry.rows))))
        }
      }
    }
  })

  const hourBooks = Effect.fn("ColdTier.hourBooks")(function* (
    hour: SealedHour,
    tickers: ReadonlyArray<MarketTicker> | undefined,
    atMicros: number
  ) {
    const manifest = yield* manifests.of(hour)
    const books = new Map<MarketTicker, HourBook>()
    yield* forEachMarket(manifest, yield* entriesOf(manifest, tickers ?? manifest.tickers), (marketHour) => {
      const book = bookAt(marketHour, atMicros)
      if (book !== undefined) books.set(marketHour.entry.market_ticker, book)
    })
    return books
  }, large.withPermit)

  const sizeOf = (tickers: ReadonlyArray<MarketTicker> | undefined) =>
    tickers !== undefined && tickers.length <= marketsSmallMax ? small : large

  const rowCount = Effect.fnUntraced(function* (hour: SealedHour, tickers: ReadonlyArray<MarketTicker> | undefined) {
    const manifest = yield* manifests.of(hour)
    const entries = yield* entriesOf(manifest, tickers ?? manifest.tickers)
    return entries.reduce((sum, { rows }) => sum + rows, 0)
  })

  const hourRows = Effect.fn("ColdTier.hourRows")(function* ({ fromMicros, hour, tickers, toMicros }: HourPartQuery) {
    const manifest = yield* manifests.of(hour)
    const entries = yield* entriesOf(manifest, tickers ?? manifest.tickers)
    const touched = entries.filter(
      ({ ts_first_micros: first, ts_last_micros: last }) =>
        first !== null && last !== null && first < toMicros && last >= fromMicros
    )
    const parts: Array<RowsPart> = []
    let page = LogRows.make(0)
    yield* forEachMarket(manifest, touched, ({ entry, rowFirst, rows }) => {
      const { tsReceivedMicros } = rows
      let start = rowFirst
      while (start < rows.rows && (tsReceivedMicros[start] as number) < fromMicros) start++
      let end = rows.rows
      while (end > start && (tsReceivedMicros[end - 1] as number) >= toMicros) end--
      const count = end - start
      if (count === 0) return
      if (page.rows + count > page.kind.length) page = LogRows.make(Math.max(count, partRowsAtOnce))
      const first = page.rows
      LogRows.append(rows, start, end, page)
      parts.push({ marketTicker: entry.market_ticker, rows: page, start: first, end: page.rows })
    }).pipe(sizeOf(tickers).withPermit)
    return parts
  })

  const tradesReceived = Effect.fn("ColdTier.tradesReceived")(function* (query: HourPartQuery) {
    const { fromMicros, hour, tickers, toMicros } = query
    const manifest = yield* manifests.of(hour)
    const found: Array<TradeRecord> = []
    for (const file of manifest.files("trades")) {
      const { ts_received_micros_max: last, ts_received_micros_min: first } = file
      if (first === null || last === null || first >= toMicros || last < fromMicros) continue
      const part = yield* reading(file, (connection, path) =>
        ReceivedRowsReader.trades(connection, {
          file: path,
          tickers,
          fromMicros,
          toMicros,
          workMillisMax: largeMillisMax
        })
      ).pipe(sizeOf(tickers).withPermit)
      for (const trade of part) found.push(trade)
    }
    return found.sort(byReceipt)
  })

  const lifecycleReceived = Effect.fn("ColdTier.lifecycleReceived")(function* ({
    fromMicros,
    hour,
    toMicros
  }: Omit<HourPartQuery, "tickers">) {
    const manifest = yield* manifests.of(hour)
    const found: Array<LifecycleRecord> = []
    for (const file of manifest.files("lifecycle")) {
      const part = yield* reading(file, (connection, path) =>
        ReceivedRowsReader.lifecycle(connection, { file: path, fromMicros, toMicros, workMillisMax: smallMillisMax })
      ).pipe(small.withPermit)
      for (const message of part) found.push(message)
    }
    return found
  })

  const trades = Effect.fn("ColdTier.trades")(function* (
    hour: SealedHour,
    ticker: MarketTicker,
    fromMicros: number,
    toMicros: number
  ) {
    const manifest = yield* manifests.of(hour)
    const found: Array<TradeRecord> = []
    for (const file of manifest.files("trades")) {
      const { ts_exchange_micros_max: last, ts_exchange_micros_min: first } = file
      if (first === null || last === null || first >= toMicros || last < fromMicros) continue
      const part = yield* reading(file, (connection, path) =>
        TradeRowsReader.read(connection, { file: path, ticker, fromMicros, toMicros, workMillisMax: smallMillisMax })
      ).pipe(small.withPermit)
      found.push(...part)
    }
    return found
  })

  return {
    marketHour,
    hourBooks,
    tickers: (hour: SealedHour) => Effect.map(manifests.of(hour), (manifest) => manifest.tickers),
    trades,
    rowCount,
    hourRows,
    tradesReceived,
    lifecycleReceived
  }
})

const away = (key: string, error: DuckDb.DuckDbError) => new ColdTierAway({ key, detail: error.message })

/** A file that cannot be read as it should be is damaged; anything else may pass. */
const problemOf = (key: string, error: DuckDb.DuckDbError): ColdTierError =>
  error.reason === "BadFile" || error.reason === "BadQuery"
    ? new ColdDataProblem({ problem: "unreadable", key, detail: error.detail })
    : away(key, error)

const incomplete = (key: string, detail: string) => new ColdDataProblem({ problem: "incomplete", key, detail })

const recordsFile = (manifest: OpenManifest, entry: ManifestMarket) => {
  const file = manifest.files("records").find(({ part }) => part === entry.part)
  return file === undefined
    ? incomplete(manifest.key, `it names no part ${entry.part} of records, where ${entry.market_ticker} should be`)
    : Effect.succeed(file)
}

/** What the manifest says of the markets, of those that it has. */
const entriesOf = (manifest: OpenManifest, tickers: ReadonlyArray<MarketTicker>) =>
  Effect.gen(function* () {
    const entries: Array<ManifestMarket> = []
    for (const ticker of tickers) {
      const entry = yield* manifest.market(ticker)
      if (entry !== undefined) entries.push(entry)
    }
    return entries
  })

/** `undefined` where the state before the market's first record up to the moment is not there. O(rows). */
const bookAt = ({ entry, keyframe, rowFirst, rows, source }: MarketHour, atMicros: number): HourBook | undefined => {
  const replay = keyframe() ?? (entry.offset_first === 1 ? Replay.make() : undefined)
  if (replay === undefined) return undefined
  const keyframeOffset = replay.last?.offset ?? null
  LogRowsReplay.foldReceived(replay, rows, rowFirst, rows.rows, atMicros)
  return replay.last === undefined ? undefined : { replay, keyframeOffset, source }
}

/** The rows, if they are those that the manifest tells of. O(rows). */
const checked = (file: ManifestFile, entry: ManifestMarket, rows: LogRows.LogRows) =>
  Effect.suspend((): Effect.Effect<MarketHour, ColdDataProblem> => {
    const { market_ticker: ticker } = entry
    if (rows.rows !== entry.rows) {
      return incomplete(file.key, `${rows.rows} rows of ${ticker} where its manifest tells of ${entry.rows}`)
    }
    const hasKeyframe = rows.kind[0] === LogRows.kindKeyframe
    if (rows.rows === 0 || hasKeyframe !== entry.has_keyframe) {
      return incomplete(file.key, `the first row of ${ticker} is not what its manifest tells of`)
    }
    const rowFirst = hasKeyframe ? LogRowsReplay.recordEnd(rows, 0, rows.rows) : 0
    if (!hasOffsets(rows, rowFirst, entry)) {
      return incomplete(file.key, `the offsets of ${ticker} are not those that its manifest tells of`)
    }
    const keyframe = () => (hasKeyframe ? LogRowsReplay.fromKeyframe(rows, 0, rowFirst) : undefined)
    return Effect.succeed({ rows, entry, source: file.key, keyframe, rowFirst })
  })

/** Whether the records' offsets are the manifest's, one after the other. */
const hasOffsets = (rows: LogRows.LogRows, rowFirst: number, entry: ManifestMarket): boolean => {
  if (entry.records === 0) return rowFirst === rows.rows && rows.offset[0] === entry.offset_last
  let records = 0
  let offset = entry.offset_first - 1
  for (let row = rowFirst; row < rows.rows; row++) {
    if (rows.offset[row] === offset && rows.kind[row] === LogRows.kindSnapshot) continue
    if (rows.offset[row] !== offset + 1) return false
    offset++
    records++
  }
  return records === entry.records && offset === entry.offset_last
}
