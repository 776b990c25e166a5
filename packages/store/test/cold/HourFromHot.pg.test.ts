/** Hours of a real Postgres as rows of the cold tier, and written. */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import { hourMicros as hourWidthMicros } from "@kalshibook/core/cold/SegmentKeys"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import * as HourFromHot from "@kalshibook/store/cold/HourFromHot"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import * as SideRowsWriter from "@kalshibook/store/cold/SideRowsWriter"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer, Stream } from "effect"
import { batch, channelGap, gap, lifecycle, snapshot, trade, watermark } from "../Batch.ts"
import * as PgTest from "../PgTest.ts"
import * as ColdLogs from "./ColdLogs.ts"

const marketCount = 30
/** Logs that run over the boundary of an hour. */
const countsOf = (market: number): readonly [number, number, number] => [
  market,
  market % 6 === 0 ? 0 : 3 * market,
  market % 5 === 1 ? 0 : 40 + market
]
const markets = Array.from({ length: marketCount }, (_, market) => market)
const logs = markets.map((market) => ColdLogs.logOf(...countsOf(market)))
const wholeLogs = markets.map((market) => ColdLogs.wholeLogOf(...countsOf(market)))

const keyframesOf = (records: ReadonlyArray<BookRecord>): ReadonlyArray<Keyframe> => {
  const replay = Replay.make()
  return records.flatMap((record) => {
    Replay.apply(replay, record)
    const isDue = record.kind === "snapshot" || record.offset % 17 === 0
    return (isDue ? Replay.toKeyframe(replay) : undefined) ?? []
  })
}

const filled = Layer.effectDiscard(
  Effect.gen(function* () {
    const hot = yield* HotTier
    const records = wholeLogs.flat()
    const closed = "KXTEST-26NOV21-CLOSED"
    const before = ColdLogs.hourMicros - 5_000_000
    yield* hot.append(
      batch({
        records: [
          ...records,
          snapshot({ marketTicker: closed, offset: 1, tsReceivedMicros: before }),
          gap({
            marketTicker: closed,
            offset: 2,
            cause: "market_closed",
            tsReceivedMicros: before + 5,
            tsDetectedMicros: before + 5
          })
        ],
        keyframes: wholeLogs.flatMap(keyframesOf),
        trades: [
          trade({ marketTicker: ColdLogs.tickerOf(3), tradeId: "b", tsReceivedMicros: ColdLogs.hourMicros }),
          trade({
            marketTicker: ColdLogs.tickerOf(1),
            tradeId: "c",
            tsReceivedMicros: ColdLogs.hourMicros + 9,
            epoch: 0,
            sid: 0,
            seq: 0
          }),
          trade({ marketTicker: ColdLogs.tickerOf(1), tradeId: "a", tsReceivedMicros: ColdLogs.hourMicros - 1 })
        ],
        lifecycle: [
          lifecycle({
            seq: 4,
            tsReceivedMicros: ColdLogs.hourMicros + 4,
            body: { zebra: 1, ant: { b: [1.5], a: null } }
          })
        ],
        channelGaps: [
          channelGap({ tsFromMicros: ColdLogs.hourMicros + 1, tsToMicros: ColdLogs.hourMicros + 7, seqTo: 9 }),
          channelGap({
            tsFromMicros: ColdLogs.hourMicros + 2,
            tsToMicros: ColdLogs.hourMicros + hourWidthMicros,
            seqTo: 9
          })
        ],
        watermark: watermark({ tsReceivedMicros: ColdLogs.hourMicros + 2 * hourWidthMicros })
      })
    )
    const catalog = yield* MarketCatalog
    const seen = (status: string, tsObservedMicros: number) =>
      catalog.observe({
        series: [],
        events: [],
        markets: [{ ticker: ColdLogs.tickerOf(2), tsObservedMicros, body: { status, event_ticker: "KXTEST-26NOV21" } }]
      })
    yield* seen("initialized", ColdLogs.hourMicros - 9)
    yield* seen("active", ColdLogs.hourMicros - 5)
    yield* seen("closed", ColdLogs.hourMicros + 5)
  })
)

const stores = filled.pipe(
  Layer.provideMerge(Layer.mergeAll(HotTier.layerNoDeps, MarketCatalog.layerNoDeps)),
  Layer.provideMerge(PgTest.layer)
)

const opened = (options: HourFromHot.Options) =>
  Effect.flatMap(PgClient.PgClient, ({ config }) => HourFromHot.open(config, options))

const read = (hour: HourFromHot.HourFromHot) =>
  Effect.gen(function* () {
    const records: Array<BookRecord> = []
    const keyframes: Array<Replay.Replay> = []
    const reader = LogRowsFold.records({ record: (one) => records.push(one), keyframe: (one) => keyframes.push(one) })
    yield* Stream.runForEach(hour.rows, (rows) => Effect.sync(() => reader.read(rows)))
    reader.finish()
    return { records, keyframes }
  })

layer(stores, { excludeTestServices: true })("HourFromHot", (it) => {
  it.effect("gives an hour's records and the states before them, as the logs are", () =>
    Effect.gen(function* () {
      const found = yield* read(yield* opened({ fromMicros: ColdLogs.hourMicros }))
      assert.deepStrictEqual(
        found.records,
        logs.flatMap(({ records }) => records)
      )
      const expected = logs.map(({ before }) => before).filter((before) => LogRowsBuilder.hasKeyframe(before))
      assert.deepStrictEqual(
        found.keyframes.map((one) => ({ ...stateOf(one), recordsApplied: 0 })),
        expected.map((one) => ({ ...stateOf(one), recordsApplied: 0 }))
      )
    }).pipe(Effect.scoped)
  )

  it.effect("gives the same files whether the states come from the hot tier or from the hour before", () =>
    Effect.gen(function* () {
      const { db, folder } = yield* ColdLogs.place
      const options = { folder, fileBytesMax: 20_000, codeRevision: "test" }
      const before = yield* opened({ fromMicros: ColdLogs.hourMicros - hourWidthMicros })
      const { states } = yield* LogRowsWriter.write(db, before.rows, options)
      const carried = yield* opened({ fromMicros: ColdLogs.hourMicros, openings: states })
      const one = yield* LogRowsWriter.write(db, carried.rows, options)
      const other = yield* LogRowsWriter.write(db, (yield* opened({ fromMicros: ColdLogs.hourMicros })).rows, options)
      assert.isAbove(one.files.length, 1)
      assert.deepStrictEqual(one.files, other.files)
      assert.deepStrictEqual(one.markets, other.markets)
      for (const { market_ticker } of one.markets) assert.isTrue(one.states.has(market_ticker))
    }).pipe(Effect.scoped)
  )

  it.effect("tells the states at the end of an hour, the same as the rows of the hour fold to", () =>
    Effect.gen(function* () {
      const { config } = yield* PgClient.PgClient
      const atEnd = yield* HourFromHot.statesAt(config, ColdLogs.hourMicros + hourWidthMicros)
      for (const [index, { before, records }] of logs.entries()) {
        const state = atEnd.get(ColdLogs.tickerOf(index))
        assert.strictEqual(state?.last?.offset, records.at(-1)?.offset ?? before.last?.offset)
        if (records.length === 0 && state !== undefined)
          assert.strictEqual(Book.hash(state.book), Book.hash(before.book))
      }
    })
  )

  it.effect("refuses to guess the state before the hour when the log's beginning is gone", () =>
    Effect.gen(function* () {
      const { config } = yield* PgClient.PgClient
      const sql = yield* PgClient.PgClient
      const gone = ColdLogs.tickerOf(4)
      const without = Effect.gen(function* () {
        yield* sql`insert into markets (ticker) values ('KXTEST-GONE')`
        yield* sql`
          insert into log_heads (record_offset, ts_received_micros, seq, market_id, epoch, sid, kind, ts_first_snapshot_micros)
          select 9, ${ColdLogs.hourMicros - 7}, 1, market_id, 1, 1, 'd', ${ColdLogs.hourMicros - 9}
          from markets where ticker = 'KXTEST-GONE'`
        const error = yield* Effect.flip(HourFromHot.open(config, { fromMicros: ColdLogs.hourMicros }))
        assert.strictEqual(error._tag, "OpeningsMissing")
        const states = yield* HourFromHot.statesAt(config, ColdLogs.hourMicros)
        assert.isTrue(states.has(gone))
        assert.isFalse(states.has("KXTEST-GONE"))
        yield* sql`
          insert into gaps (market_id, record_offset, ts_received_micros, ts_detected_micros, cause)
          select market_id, 9, ${ColdLogs.hourMicros - 7}, ${ColdLogs.hourMicros - 7}, 'market_closed'
          from markets where ticker = 'KXTEST-GONE'`
        yield* HourFromHot.open(config, { fromMicros: ColdLogs.hourMicros })
      })
      yield* Effect.scoped(without)
    })
  )

  it.effect("gives what stands beside the records, as it was at the end of the hour", () =>
    Effect.gen(function* () {
      const hour = yield* opened({ fromMicros: ColdLogs.hourMicros })
      yield* Stream.runDrain(hour.rows)
      const side = yield* hour.sideRows([ColdLogs.tickerOf(2)])
      assert.deepStrictEqual(side.trades.map((row) => [row[0], row[1], row[11]]).toSorted(), [
        [ColdLogs.tickerOf(1), "c", true],
        [ColdLogs.tickerOf(3), "b", false]
      ])
      assert.deepStrictEqual(
        side.lifecycle.map((row) => row[6]),
        ['{"ant":{"a":null,"b":[1.5]},"zebra":1}']
      )
      assert.deepStrictEqual(side.channel_gaps.map((row) => [row[1], row[5], row[8]]).toSorted(), [
        [ColdLogs.hourMicros + 1, 9, ColdLogs.hourMicros + 7],
        [ColdLogs.hourMicros + 2, null, null]
      ])
      assert.deepStrictEqual(side.markets.map((row) => [row[0], row[1], row[3], row[4], row[5]]).toSorted(), [
        [ColdLogs.tickerOf(2), 2, "KXTEST-26NOV21", null, "active"],
        [ColdLogs.tickerOf(2), 3, "KXTEST-26NOV21", null, "closed"]
      ])
      assert.strictEqual(
        side.gaps.length,
        logs.flatMap(({ records }) => records).filter(({ kind }) => kind === "gap").length
      )
      const { connection, db, folder } = yield* ColdLogs.place
      for (const kind of ["trades", "lifecycle", "gaps", "channel_gaps", "markets"] as const) {
        const options = { folder, fileBytesMax: 1_000_000, codeRevision: "test" }
        const files = yield* SideRowsWriter.write(db, kind, side[kind], options)
        const again = yield* SideRowsWriter.write(db, kind, side[kind].toReversed(), options)
        assert.deepStrictEqual(files, again)
        assert.strictEqual(files[0]?.rows, side[kind].length)
        assert.strictEqual(yield* connection.forEachChunk(`from '${files[0]?.path}'`, () => {}), side[kind].length)
      }
      const prices: Array<string> = []
      yield* connection.forEachChunk(
        `select yes_price::varchar || ' ' || size || ' ' || ts_received from '${folder}/trades-0000.parquet'`,
        (chunk) => prices.push(chunk.text(0, 1))
      )
      assert.deepStrictEqual(prices, ["0.3400 1.00 2026-11-21 13:00:00+00"])
    }).pipe(Effect.scoped)
  )
})

const stateOf = ({ book, last, trust, ...rest }: Replay.Replay) => ({
  levels: Book.levels(book),
  trust: trust._tag === "stale" ? { ...trust, gap: { ...trust.gap } } : trust,
  offset: last?.offset,
  tsReceivedMicros: last?.tsReceivedMicros,
  ...rest
})
