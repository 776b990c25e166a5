/** What the database itself refuses and remembers about sealed hours, whoever asks. */
import { assert, layer } from "@effect/vitest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Coverage } from "@kalshibook/store/Coverage"
import { HotHours } from "@kalshibook/store/cold/HotHours"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { type Segment, Segments } from "@kalshibook/store/cold/Segments"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { batch, delta, gap, hourStartMicros, lifecycle, snapshot, trade, watermark } from "../Batch.ts"
import * as PgTest from "../PgTest.ts"

const hour = (index: number): number => hourStartMicros + index * hourMicros
const ticker = "KXSEAL-1"
const quiet = "KXSEAL-2"

const segment = (index: number, part: Partial<Segment> = {}): Segment => ({
  span: { _tag: "hour", fromMicros: hour(index) },
  revision: 1,
  manifestKey: `v1/manifests/${index}`,
  manifestSha256: "0".repeat(64),
  manifestBytes: 10,
  records: 1,
  rows: 1,
  bytes: 1,
  markets: 1,
  reason: null,
  sealedBy: "a test",
  tsSealedMicros: hour(index + 1),
  tsVerifiedMicros: hour(index + 1),
  ...part
})

const commit = (index: number, part: Partial<Segment> = {}, tickers: ReadonlyArray<string> = [ticker]) =>
  Effect.gen(function* () {
    const segments = yield* Segments
    const marks = yield* (yield* SegmentMarks).list(hour(index), hour(index + 1))
    return yield* segments.commit({ segment: segment(index, part), tickers, marks, madeOf: [] })
  })

const refused = (statement: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return String((yield* Effect.flip(sql.unsafe(statement))).reason.cause)
  })

const rowsOf = (index: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql`
      select (select count(*) from records where ts_received_micros / 3600000000 = h) as records,
             (select count(*) from keyframes where ts_received_micros / 3600000000 = h) as keyframes,
             (select count(*) from trades where ts_received_micros / 3600000000 = h) as trades,
             (select count(*) from lifecycle where ts_received_micros / 3600000000 = h) as lifecycle
      from (select ${hour(index)} / 3600000000::bigint as h) as hour`
    return row
  })

/** Five hours, a record of one market in each; another market rests since the first. */
const recorded = Effect.gen(function* () {
  const hot = yield* HotTier
  for (let index = 0; index < 5; index++) {
    const at = { tsReceivedMicros: hour(index) + 1 }
    yield* hot.append(
      batch({
        records: [
          index === 0
            ? snapshot({ marketTicker: ticker, offset: 1, ...at })
            : delta({ marketTicker: ticker, offset: index + 1, ...at }),
          ...(index === 0 ? [snapshot({ marketTicker: quiet, offset: 1, ...at })] : [])
        ],
        keyframes: [
          {
            marketTicker: ticker,
            offset: index + 1,
            epoch: 1,
            sid: 1,
            seq: 1,
            tsExchangeMicros: null,
            ...at,
            tsExchangeEffectiveMicros: at.tsReceivedMicros,
            sinceOffset: 1,
            bookHash: "0".repeat(16),
            levels: { yes: [], no: [] }
          }
        ],
        trades: [trade({ marketTicker: ticker, tradeId: `trade-${index}`, ...at })],
        lifecycle: [lifecycle({ seq: index, ...at })],
        watermark: watermark({ tsReceivedMicros: hour(index) + 1 })
      })
    )
  }
})

const name = (index: number) => `records_202611221${index + 1}`

const stores = Layer.mergeAll(
  Coverage.layerNoDeps,
  HotHours.layerNoDeps,
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps,
  SegmentMarks.layerNoDeps,
  Segments.layerNoDeps
)

layer(stores.pipe(Layer.provideMerge(PgTest.layer)), { excludeTestServices: true })("Sealed hours", (it) => {
  it.effect("an hour cannot be dropped, deleted, truncated or pruned before a copy of it is proved", () =>
    Effect.gen(function* () {
      yield* recorded
      const before = yield* rowsOf(0)
      const rule = /records are only appended, and leave as whole hours by prune_hour/
      assert.match(yield* refused(`drop table ${name(0)}`), /the hour 2026-11-22T11:00Z has no verified manifest/)
      assert.match(yield* refused("drop table records cascade"), /no verified manifest/)
      const detached = `alter table records detach partition ${name(0)}; drop table ${name(0)}`
      assert.match(yield* refused(`do $$ begin ${detached}; end $$`), /no verified manifest/)
      assert.match(yield* refused(`delete from ${name(0)}`), rule)
      assert.match(yield* refused("delete from records"), rule)
      assert.match(yield* refused("update records set seq = seq + 1"), rule)
      assert.match(yield* refused(`truncate ${name(0)}`), rule)
      assert.match(yield* refused("truncate records"), rule)
      assert.match(yield* refused(`select prune_hour(${hour(0)})`), /no verified manifest/)
      assert.match(yield* refused(`select prune_hour(${hour(0) + 1})`), /not the beginning of a UTC hour/)
      assert.deepStrictEqual(yield* rowsOf(0), before)
    })
  )

  it.effect(
    "a proved hour still cannot be deleted or truncated, and leaves only in order, counted, and as it was proved",
    () =>
      Effect.gen(function* () {
        const hot = yield* HotHours
        assert.deepStrictEqual(yield* hot.first, Option.some(hour(0)))
        yield* commit(0, {}, [ticker, quiet])
        yield* commit(1)
        assert.match(yield* refused(`delete from ${name(0)}`), /only appended/)
        assert.match(yield* refused(`truncate ${name(0)}`), /only appended/)
        assert.match(yield* refused(`select prune_hour(${hour(1)})`), /an earlier hour is still there/)
        assert.match(yield* refused(`select prune_hour(${hour(0)}, 2)`), /revision 2 is not the current one/)
        assert.match(yield* refused(`select prune_hour(${hour(0)}, 1)`), /coverage has not been summed up/)
        assert.strictEqual(yield* hot.floor, 0)
        yield* (yield* Coverage).rollUp
        yield* hot.prune(hour(0), 1)
        assert.strictEqual(yield* hot.floor, hour(1))
        assert.deepStrictEqual(yield* hot.partitions, [1, 2, 3, 4].map(hour))
        assert.deepStrictEqual(yield* rowsOf(0), { records: 0, keyframes: 0, trades: 0, lifecycle: 0 })
        assert.deepStrictEqual(yield* rowsOf(1), { records: 1, keyframes: 1, trades: 1, lifecycle: 1 })
      })
  )

  it.effect("what says where pruned records are cannot be removed", () =>
    Effect.gen(function* () {
      assert.match(yield* refused("delete from segments"), /have left the hot tier/)
      assert.match(yield* refused("truncate segments"), /have left the hot tier/)
    })
  )

  it.effect("a gap that reaches back marks every sealed hour that it makes wrong, and those keep their records", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const segments = yield* Segments
      const segmentMarks = yield* SegmentMarks
      const hours = yield* HotHours
      yield* commit(2)
      yield* segmentMarks.begin(hour(3))
      assert.deepStrictEqual(yield* segmentMarks.list(0, hour(9)), [])
      yield* hot.append(
        batch({
          records: [gap({ marketTicker: quiet, offset: 2, tsReceivedMicros: hour(1) + 7, cause: "audit" })],
          watermark: watermark({ tsReceivedMicros: hour(4) + 9 })
        })
      )
      const marks = yield* segmentMarks.list(0, hour(9))
      // Hour 3 is being sealed, and may have been read for it already; hour 4 is not.
      assert.deepStrictEqual(
        marks.map((mark) => [mark.hourMicros, mark.reason]),
        [1, 2, 3].map((index) => [hour(index), "late_gap"])
      )
      assert.match(yield* refused(`select prune_hour(${hour(1)})`), /has to be sealed again/)
      assert.match(yield* refused(`drop table ${name(1)}`), /has to be sealed again/)
      // Marked again while the hour is being sealed again: the mark stays.
      yield* segmentMarks.set({ hourMicros: hour(1), reason: "late_gap", tsMarkedMicros: 0 })
      yield* segments.commit({
        segment: segment(1, { revision: 2, reason: "late_gap" }),
        tickers: [ticker],
        marks,
        madeOf: []
      })
      assert.deepStrictEqual(
        (yield* segmentMarks.list(hour(1), hour(2))).map((mark) => mark.hourMicros),
        [hour(1)]
      )
      yield* commit(1, { revision: 3, reason: "late_gap" }, [ticker, quiet])
      assert.deepStrictEqual(yield* segmentMarks.list(hour(1), hour(2)), [])
      yield* hours.prune(hour(1), 3)
      assert.strictEqual(yield* hours.floor, hour(2))
    })
  )

  it.effect("a gap that reaches back into an hour that has left is kept until that hour is sealed again", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const hours = yield* HotHours
      yield* hot.append(
        batch({
          records: [gap({ marketTicker: quiet, offset: 3, tsReceivedMicros: hour(1) + 8, cause: "audit" })],
          watermark: watermark({ tsReceivedMicros: hour(4) + 10 })
        })
      )
      assert.deepStrictEqual(yield* hours.partitions, [1, 2, 3, 4].map(hour))
      assert.match(yield* refused(`select prune_hour(${hour(1)})`), /has to be sealed again/)
      yield* commit(2, { revision: 2, reason: "late_gap" })
      assert.match(yield* refused(`select prune_hour(${hour(2)})`), /an earlier hour is still there/)
      yield* commit(1, { revision: 4, reason: "late_gap" }, [ticker, quiet])
      yield* hours.prune(hour(1), 4)
      assert.strictEqual(yield* hours.floor, hour(2))
      yield* hours.prune(hour(2), 2)
      assert.strictEqual(yield* hours.floor, hour(3))
    })
  )

  it.effect("an hour in which nothing was received leaves like any other", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const hours = yield* HotHours
      for (const index of [3, 4, 5, 6]) yield* commit(index)
      yield* hot.append(batch({ watermark: watermark({ tsReceivedMicros: hour(8) }) }))
      yield* (yield* Coverage).rollUp
      assert.match(yield* refused(`select prune_hour(${hour(5)})`), /an earlier hour is still there/)
      for (const index of [3, 4]) yield* hours.prune(hour(index), 1)
      assert.match(yield* refused(`select prune_hour(${hour(6)})`), /the hour before it has not been pruned/)
      for (const index of [5, 6]) yield* hours.prune(hour(index), 1)
      assert.strictEqual(yield* hours.floor, hour(7))
      assert.deepStrictEqual(yield* hours.partitions, [])
    })
  )
})
