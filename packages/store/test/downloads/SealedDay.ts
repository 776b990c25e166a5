/**
 * A sealed morning: some markets' logs over the first hours of a day, as Parquet files, manifests and committed segments, written by
 * plain SQL from the definition of the columns.
 */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { Manifest, ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import { type SegmentKind, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { fileKey, hourMicros, manifestKey, type SegmentSpan, spanEndMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { contractsFromSizeE2, dollarsFromPriceE4 } from "@kalshibook/core/Units"
import { Segments } from "@kalshibook/store/cold/Segments"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect } from "effect"
import { temporaryFolder } from "../PgTest.ts"

/** 2026-11-26T00:00:00Z. */
export const dayMicros = 1_795_651_200_000_000
export const tickers = ["KXA-26NOV26-T1.5", "KXA-26NOV26-T2.5", "KXB-26NOV26-X"]
export const hours = 3

/** A number from 0 to below 1 that is the same each time. */
const chance = (seed: number): number => ((Math.imul(seed + 1, 0x9e3779b1) >>> 8) % 1_000) / 1_000

const recordsPerHour = 80

/** A market's log over the hours: a snapshot, changes, and now and then a gap with the snapshot after it. */
const logOf = (marketTicker: string, seed: number): ReadonlyArray<BookRecord> => {
  const records: Array<BookRecord> = []
  const book = Book.make()
  let isKnown = false
  for (let at = 0; at < recordsPerHour * hours; at++) {
    const tsReceivedMicros = dayMicros + Math.floor((at * hourMicros) / recordsPerHour) + 1_000_000
    const luck = chance(seed * 10_000 + at)
    const head = { marketTicker, offset: at + 1, epoch: 1, sid: 1, seq: at + 1, tsReceivedMicros }
    if (!isKnown) {
      const levels = {
        yes: [
          { priceE4: 3_000 + at, sizeE2: 1_000 + at },
          { priceE4: 3_400, sizeE2: 7_800 }
        ],
        no: [{ priceE4: 6_000, sizeE2: 500 }]
      }
      records.push({ ...head, kind: "snapshot", levels, tsExchangeMicros: null })
      Book.replace(book, levels)
      isKnown = true
    } else if (luck < 0.03) {
      const tsDetectedMicros = tsReceivedMicros + 500_000
      records.push({ ...head, kind: "gap", cause: "sequence_hole", tsDetectedMicros, tsExchangeMicros: null })
      isKnown = false
    } else {
      const side = luck < 0.5 ? ("yes" as const) : ("no" as const)
      const priceE4 = (side === "yes" ? 3_000 : 6_000) + Math.floor(luck * 300)
      const size = Book.sizeE2(book, side, priceE4)
      const deltaE2 = size > 0 && luck > 0.7 ? -size : 100 + at
      Book.apply(book, side, priceE4, deltaE2)
      records.push({ ...head, kind: "delta", side, priceE4, deltaE2, tsExchangeMicros: tsReceivedMicros - 7_000 })
    }
  }
  return records
}

export const logs: ReadonlyMap<string, ReadonlyArray<BookRecord>> = new Map(
  tickers.map((ticker, index) => [ticker, logOf(ticker, index)])
)

export const trades: ReadonlyArray<TradeRecord> = tickers.flatMap((marketTicker, index) =>
  Array.from({ length: 12 }, (_, at): TradeRecord => {
    const tsReceivedMicros = dayMicros + at * 900_000_000 + 5_000_000 + index
    return {
      tradeId: `trade-${index}-${String(at).padStart(2, "0")}`,
      marketTicker,
      epoch: 1,
      sid: 2,
      seq: at + 1,
      tsExchangeMicros: tsReceivedMicros - 20_000,
      tsReceivedMicros,
      yesPriceE4: 3_500 + at,
      sizeE2: 50 + at,
      takerSide: at % 3 === 0 ? "no" : "yes",
      isBlockTrade: false
    }
  })
)

type Value = string | number | null | boolean
type Row = Readonly<Record<string, Value>>

const levelRows = (head: Row, levels: ReturnType<typeof Book.levels>): ReadonlyArray<Row> => {
  const rows = (["yes", "no"] as const).flatMap((side) =>
    levels[side].map(({ priceE4, sizeE2 }) => ({
      ...head,
      side,
      price: dollarsFromPriceE4(priceE4),
      size: contractsFromSizeE2(sizeE2)
    }))
  )
  return rows.length === 0 ? [head] : rows
}

const headOf = (record: Replay.Replay["last"] & object, kind: string): Row => ({
  market_ticker: record.marketTicker,
  record_offset: record.offset,
  kind,
  ts_received: record.tsReceivedMicros,
  ts_exchange: record.tsExchangeMicros,
  epoch: record.epoch,
  sid: record.sid,
  seq: record.seq
})

/** A market's rows of an hour or a day, as the cold tier has them. */
const rowsOf = (records: ReadonlyArray<BookRecord>, fromMicros: number, toMicros: number): ReadonlyArray<Row> => {
  const replay = Replay.make()
  const rows: Array<Row> = []
  let isBegun = false
  const begin = () => {
    isBegun = true
    if (replay.last === undefined) return
    const { trust } = replay
    const keyframe = {
      ...headOf(replay.last, "keyframe"),
      since_offset: trust._tag === "trusted" ? trust.sinceOffset : null,
      gap_cause: trust._tag === "stale" ? trust.gap.cause : null,
      ts_detected: trust._tag === "stale" ? trust.gap.tsDetectedMicros : null
    }
    rows.push(...levelRows(keyframe, Book.levels(replay.book)))
  }
  for (const record of records) {
    if (record.tsReceivedMicros >= toMicros) break
    if (record.tsReceivedMicros >= fromMicros && !isBegun) begin()
    Replay.apply(replay, record)
    if (record.tsReceivedMicros < fromMicros) continue
    const head = headOf(record, record.kind)
    if (record.kind === "snapshot") rows.push(...levelRows(head, record.levels))
    else if (record.kind === "gap")
      rows.push({ ...head, gap_cause: record.cause, ts_detected: record.tsDetectedMicros })
    else {
      const { deltaE2, priceE4, side } = record
      rows.push({ ...head, side, price: dollarsFromPriceE4(priceE4), size_delta: contractsFromSizeE2(deltaE2) })
    }
  }
  return rows
}

const literal = (value: Value | undefined, type: string): string => {
  if (value === undefined || value === null) return `null::${type}`
  if (type === "TIMESTAMPTZ") return `make_timestamptz(${value}::bigint)`
  return `'${String(value).replaceAll("'", "''")}'::${type}`
}

/** Writes rows as a Parquet file. */
const parquet = async (path: string, kind: SegmentKind, rows: ReadonlyArray<Row>): Promise<Uint8Array> => {
  const columns = segmentColumns[kind]
  const values = rows.map((row) => `(${columns.map(({ name, type }) => literal(row[name], type)).join(", ")})`)
  const names = columns.map(({ name }) => name).join(", ")
  const db = await DuckDBInstance.create(":memory:", { threads: "1" })
  const connection = await db.connect()
  await connection.run(
    `copy (select * from (values ${values.join(", ")}) as t(${names})) to '${path}' (format parquet, compression zstd)`
  )
  connection.disconnectSync()
  db.closeSync()
  return new Uint8Array(readFileSync(path))
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Puts the hours into the store and commits them. Returns all keys of their files. */
export const seal = Effect.gen(function* () {
  const catalog = yield* MarketCatalog
  const markets = tickers.map((ticker) => ({ ticker, body: bodyOf(ticker), tsObservedMicros: dayMicros }))
  const named = (ticker: string) => ({ ticker, body: { ticker, title: ticker }, tsObservedMicros: dayMicros })
  const event = (ticker: string) => {
    const { ticker: name, ...rest } = named(ticker)
    return { ticker: name, ...rest, body: { event_ticker: ticker, series_ticker: ticker.split("-", 1)[0] } }
  }
  const series = ["KXA", "KXB"].map(named)
  yield* catalog.observe({ series, events: ["KXA-26NOV26", "KXB-26NOV26"].map(event), markets })
  const keys: Array<string> = []
  for (let hour = 0; hour < hours; hour++) {
    keys.push(...(yield* sealSpan({ _tag: "hour", fromMicros: dayMicros + hour * hourMicros })))
  }
  return keys
})

/** The same rows once more, as the files of the day. */
export const sealDay = Effect.suspend(() => sealSpan({ _tag: "day", fromMicros: dayMicros }))

const sealSpan = Effect.fnUntraced(function* (span: SegmentSpan) {
  const store = yield* ObjectStore
  const folder = yield* temporaryFolder
  const toMicros = spanEndMicros(span)
  const byMarket = tickers.map((ticker) => rowsOf(logs.get(ticker) ?? [], span.fromMicros, toMicros))
  const files: Array<ManifestFile> = []
  // Two parts: the last market has one of its own.
  const contents: ReadonlyArray<readonly [SegmentKind, number, ReadonlyArray<Row>]> = [
    ["records", 0, byMarket.slice(0, 2).flat()],
    ["records", 1, byMarket[2] ?? []],
    ["trades", 0, tradeRows(span.fromMicros, toMicros)]
  ]
  for (const [kind, part, rows] of contents) {
    const bytes = yield* Effect.promise(() => parquet(join(folder, `${kind}-${part}.parquet`), kind, rows))
    const sha256 = sha256Of(bytes)
    const key = fileKey(kind, span, part, sha256)
    yield* store.put(key, bytes, { contentType: "application/vnd.apache.parquet" })
    files.push({ kind, part, key, bytes: bytes.length, sha256, rows: rows.length, ...noTimes })
  }
  const manifest = manifestOf(span, files, byMarket)
  const text = new TextEncoder().encode(JSON.stringify(manifest))
  const key = manifestKey(span, 1, sha256Of(text))
  yield* store.put(key, text, { contentType: "application/json" })
  const segment = {
    span,
    revision: 1,
    manifestKey: key,
    manifestSha256: sha256Of(text),
    manifestBytes: text.length,
    records: manifest.records,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    markets: tickers.length,
    reason: null,
    sealedBy: "test",
    tsSealedMicros: toMicros + hourMicros,
    tsVerifiedMicros: toMicros + hourMicros
  }
  yield* (yield* Segments).commit({ segment, tickers: span._tag === "hour" ? tickers : [], marks: [], madeOf: [] })
  return files.map((file) => file.key)
}, Effect.scoped)

const bodyOf = (ticker: string) => ({
  ticker,
  event_ticker: ticker.slice(0, ticker.lastIndexOf("-")),
  series_ticker: ticker.split("-", 1)[0],
  title: `Is it ${ticker}?`,
  status: "active",
  open_time: "2026-11-26T00:00:00Z",
  close_time: "2026-11-27T00:00:00Z"
})

const noTimes = {
  ts_received_micros_min: null,
  ts_received_micros_max: null,
  ts_exchange_micros_min: null,
  ts_exchange_micros_max: null
}

const tradeRows = (fromMicros: number, toMicros: number): ReadonlyArray<Row> =>
  trades
    .filter(({ tsReceivedMicros }) => tsReceivedMicros >= fromMicros && tsReceivedMicros < toMicros)
    .map((trade) => ({
      market_ticker: trade.marketTicker,
      trade_id: trade.tradeId,
      ts_exchange: trade.tsExchangeMicros,
      ts_received: trade.tsReceivedMicros,
      epoch: trade.epoch,
      sid: trade.sid,
      seq: trade.seq,
      yes_price: dollarsFromPriceE4(trade.yesPriceE4),
      size: contractsFromSizeE2(trade.sizeE2),
      taker_side: trade.takerSide,
      is_block_trade: false,
      is_filled: false
    }))

const manifestOf = (
  span: SegmentSpan,
  files: ReadonlyArray<ManifestFile>,
  byMarket: ReadonlyArray<ReadonlyArray<Row>>
): Manifest => ({
  schema_version: 1,
  span: span._tag,
  from_micros: span.fromMicros,
  to_micros: spanEndMicros(span),
  revision: 1,
  replaces: null,
  files,
  markets: tickers.map(
    (market_ticker, index): ManifestMarket => ({
      market_ticker,
      part: index < 2 ? 0 : 1,
      row_first: index === 1 ? (byMarket[0]?.length ?? 0) : 0,
      rows: byMarket[index]?.length ?? 0,
      has_keyframe: byMarket[index]?.[0]?.kind === "keyframe",
      ts_first_micros: span.fromMicros,
      ts_last_micros: span.fromMicros,
      records: span._tag === "hour" ? recordsPerHour : recordsPerHour * hours,
      gaps: 0,
      offset_first: 1,
      offset_last: 1,
      book_hash: "0000000000000000",
      gap_cause: null
    })
  ),
  records: recordsPerHour * tickers.length * (span._tag === "hour" ? 1 : hours),
  tapes: [],
  code_revision: "test",
  sealed_by: "test",
  ts_sealed_micros: spanEndMicros(span) + hourMicros
})
