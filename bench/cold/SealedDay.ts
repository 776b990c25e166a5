/**
 * A day of invented logs, sealed hour by hour into a folder store: what benchmarks of reading the past read. The n-th hottest market has n
 * times fewer records than the hottest.
 */
import { createHash } from "node:crypto"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, Side } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import { fileKey, hourMicros, manifestKey, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"

export interface DayShape {
  readonly recordCount: number
  readonly marketCount: number
  readonly hoursSealed: number
}

const fileBytesMax = 32 * 1024 * 1024
const rowsAtOnce = 16_384

/** 2026-11-21T00:00:00Z. */
export const startMicros = 1_795_219_200_000_000
/** The exchange's clock is behind ours by the way of a frame. */
const wayMicros = 20_000
/** Levels of each side: every whole cent from 1 to 48, which leaves the book uncrossed. */
const levelsPerSide = 48

/** In the order of the files. */
export const tickerOf = (market: number): string => `KXBENCH-26NOV21-M${String(market).padStart(4, "0")}`

/** Records of a market in an hour, by activity. */
const recordsIn = ({ hoursSealed, marketCount, recordCount }: DayShape) => {
  const harmonic = Array.from({ length: marketCount }, (_, index) => 1 / (index + 1)).reduce(
    (sum, each) => sum + each,
    0
  )
  return (market: number): number => Math.max(1, Math.round(recordCount / hoursSealed / harmonic / (market + 1)))
}

const levels = Array.from({ length: levelsPerSide }, (_, index) => ({ priceE4: (index + 1) * 100, sizeE2: 50_000 }))

/** The record that follows: first a snapshot, then changes that leave no level below zero. */
const next = (prng: Prng.Prng, market: number, replay: Replay.Replay, tsReceivedMicros: number): BookRecord => {
  const offset = (replay.last?.offset ?? 0) + 1
  const head = { marketTicker: tickerOf(market), offset, epoch: 1, sid: 1, seq: offset * 7 + market, tsReceivedMicros }
  if (offset === 1) return { kind: "snapshot", ...head, tsExchangeMicros: null, levels: { yes: levels, no: levels } }
  const side: Side = Prng.chance(prng, 0.5) ? "yes" : "no"
  const priceE4 = Prng.between(prng, 1, levelsPerSide) * 100
  const sizeE2 = Prng.between(prng, 100, 20_000)
  const isTaken = Book.sizeE2(replay.book, side, priceE4) >= sizeE2 && Prng.chance(prng, 0.5)
  const deltaE2 = isTaken ? -sizeE2 : sizeE2
  return { kind: "delta", ...head, tsExchangeMicros: tsReceivedMicros - wayMicros, side, priceE4, deltaE2 }
}

/** What is kept of the generated logs to compare with: the hash of a book at a moment. */
export interface Truth {
  readonly market: number
  readonly atMicros: number
  readonly hash: string
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Generates and seals the day, hour by hour. Returns a moment of each market and hour with its book's hash, for some of them. */
export const seal = Effect.fnUntraced(function* (folder: string, shape: DayShape) {
  const { hoursSealed, marketCount } = shape
  const recordsOf = recordsIn(shape)
  const db = yield* DuckDb.make({ memoryMebibytes: 512, threads: 1, folders: [folder] })
  const store = yield* ObjectStore
  const segments = yield* Segments
  const prng = Prng.make(1, 0)
  const replays = Array.from({ length: marketCount }, () => Replay.make())
  const truths: Array<Truth> = []
  let records = 0
  let bytes = 0
  for (let index = 0; index < hoursSealed; index++) {
    const hour = startMicros + index * hourMicros
    const span: SegmentSpan = { _tag: "hour", fromMicros: hour }
    const batches: Array<LogRows.LogRows> = []
    const builder = LogRowsBuilder.make(rowsAtOnce, (rows) => batches.push(rows))
    for (const [market, replay] of replays.entries()) {
      builder.keyframe(replay)
      const count = recordsOf(market)
      const stepMicros = hourMicros / count
      const noted = Prng.chance(prng, 0.05) ? Prng.below(prng, count) : -1
      for (let record = 0; record < count; record++) {
        const one = next(prng, market, replay, hour + Math.floor(record * stepMicros))
        Replay.apply(replay, one)
        builder.record(one)
        if (record === noted) truths.push({ market, atMicros: one.tsReceivedMicros, hash: Book.hash(replay.book) })
      }
      records += count
    }
    builder.flush()
    const written = yield* LogRowsWriter.write(db, Stream.fromIterable(batches), {
      folder,
      fileBytesMax,
      codeRevision: "bench"
    })
    const files = yield* Effect.forEach(written.files, (file) =>
      Effect.gen(function* () {
        const key = fileKey("records", span, file.part, file.sha256)
        yield* store.putFile(key, file.path, {
          sha256: file.sha256,
          contentType: "application/vnd.apache.parquet"
        })
        bytes += file.bytes
        return {
          kind: "records",
          part: file.part,
          key,
          bytes: file.bytes,
          sha256: file.sha256,
          rows: file.rows,
          ts_received_micros_min: file.tsReceivedMicrosMin,
          ts_received_micros_max: file.tsReceivedMicrosMax,
          ts_exchange_micros_min: file.tsExchangeMicrosMin,
          ts_exchange_micros_max: file.tsExchangeMicrosMax
        }
      })
    )
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schema_version: 1,
        span: "hour",
        from_micros: hour,
        to_micros: hour + hourMicros,
        revision: 1,
        replaces: null,
        files,
        markets: written.markets,
        records: written.records,
        tapes: [],
        code_revision: "bench",
        sealed_by: "bench",
        ts_sealed_micros: hour + hourMicros
      })
    )
    const key = manifestKey(span, 1, sha256(manifest))
    yield* store.put(key, manifest, { contentType: "application/json" })
    yield* segments.commit({
      segment: {
        span,
        revision: 1,
        manifestKey: key,
        manifestSha256: sha256(manifest),
        manifestBytes: manifest.length,
        records: written.records,
        rows: written.rows,
        bytes: 0,
        markets: marketCount,
        reason: null,
        sealedBy: "bench",
        tsSealedMicros: hour + hourMicros,
        tsVerifiedMicros: hour + hourMicros
      },
      tickers: written.markets.map((market) => market.market_ticker),
      marks: [],
      madeOf: []
    })
  }
  return { truths, records, bytes }
})

/** The watermark behind the day, the markets' ids, and an empty hot tier. */
export const prepare = Effect.fnUntraced(function* ({ hoursSealed, marketCount }: DayShape) {
  const endMicros = startMicros + hoursSealed * hourMicros
  const hot = yield* HotTier
  const catalog = yield* MarketCatalog
  const sql = yield* SqlClient.SqlClient
  const markets = Array.from({ length: marketCount }, (_, market) => ({
    ticker: tickerOf(market),
    body: {},
    tsObservedMicros: startMicros
  }))
  yield* catalog.observe({ series: [], events: [], markets })
  const watermark = {
    epoch: 1,
    tsReceivedMicros: endMicros + 1,
    tsExchangeMicros: endMicros,
    tsExchangeReceivedMicros: endMicros + 1,
    tapeId: null,
    tapeEntry: 0
  }
  yield* hot.append({
    records: [],
    keyframes: [],
    trades: [],
    lifecycle: [],
    connections: [],
    channelGaps: [],
    watermark
  })
  yield* sql`insert into hot_floor (from_micros) values (${endMicros})`
})
