/** What history promises over every hot tier, for moments that are stored long since. */
import { assert, type Vitest } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { BeforeFirstRecord, History, MarketNotRecorded } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { batch, delta, gap, hourStartMicros, snapshot, trade, watermark } from "./Batch.ts"
import * as MarketLogs from "./MarketLogs.ts"
import * as PlainCandles from "./PlainCandles.ts"
import { property } from "./PropertyEffect.ts"

/** After every moment that these tests ask for. */
const late = watermark({ tsReceivedMicros: hourStartMicros + 3_600_000_000 })

const stored = (records: ReadonlyArray<BookRecord>, keyframes = MarketLogs.keyframesOf(records, 4)) =>
  Effect.flatMap(HotTier, (hot) => hot.append(batch({ records, keyframes, watermark: late })))

const allTime = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

export const historySuite =
  (runs: number) =>
  (it: Vitest.MethodsNonLive<History | HotTier>): void => {
    it.effect("the book at any moment, by either clock, is the plain fold of the log up to it", () =>
      Effect.gen(function* () {
        const history = yield* History
        const clocks = fc.constantFrom<BookClock>("received", "exchange")
        const moments = fc.array(fc.tuple(MarketLogs.moment, clocks), { minLength: 4, maxLength: 4 })
        let cases = 0
        yield* property(fc.tuple(MarketLogs.log, MarketLogs.cuts, moments), runs, ([log, cuts, asked]) =>
          Effect.gen(function* () {
            const records = MarketLogs.renamed(log, `KXFOLD-${++cases}`)
            const [first] = records
            if (first === undefined) return
            for (const part of MarketLogs.batchesOf(records, cuts)) yield* stored(part, [])
            yield* stored([], MarketLogs.keyframesOf(records, 4))
            for (const [atMicros, clock] of asked) {
              const plain = Replay.make()
              Replay.applyUntil(plain, records, atMicros, clock)
              const answer = yield* Effect.result(history.bookAt(first.marketTicker, atMicros, clock))
              if (plain.last === undefined) {
                const firstRecordMicros =
                  clock === "received" ? first.tsReceivedMicros : Replay.exchangeMicros(Replay.make(), first)
                assert.isTrue(answer._tag === "Failure")
                assert.deepStrictEqual(
                  answer._tag === "Failure" ? answer.failure : undefined,
                  new BeforeFirstRecord({ marketTicker: first.marketTicker, atMicros, firstRecordMicros })
                )
                continue
              }
              if (answer._tag === "Failure") return yield* Effect.die(answer.failure)
              const { book, keyframeOffset, last, recordsApplied, trust } = answer.success
              assert.deepStrictEqual(Book.levels(book), Book.levels(plain.book))
              assert.strictEqual(Book.hash(book), Book.hash(plain.book))
              assert.deepStrictEqual(trust, plain.trust)
              assert.strictEqual(last.offset, plain.last.offset)
              assert.strictEqual((keyframeOffset ?? 0) + recordsApplied, plain.last.offset)
            }
          })
        )
      })
    )

    it.effect("starts from the last keyframe before the moment, and folds as many records as it takes", () =>
      Effect.gen(function* () {
        const history = yield* History
        const marketTicker = "KXLONG"
        const records: Array<BookRecord> = [snapshot({ marketTicker, offset: 1 })]
        for (let offset = 2; offset <= 2_600; offset++) records.push(delta({ marketTicker, offset }))
        yield* stored(records, MarketLogs.keyframesOf(records, 2_500))
        const before = yield* history.bookAt(marketTicker, hourStartMicros + 2_400, "received")
        assert.strictEqual(before.keyframeOffset, null)
        assert.strictEqual(before.recordsApplied, 2_400)
        assert.strictEqual(before.last.offset, 2_400)
        const after = yield* history.bookAt(marketTicker, hourStartMicros + 2_560, "received")
        assert.strictEqual(after.keyframeOffset, 2_500)
        assert.strictEqual(after.recordsApplied, 60)
        assert.strictEqual(Book.best(after.book, "yes")?.sizeE2, 10_000 + 2_559 * 100)
      })
    )

    it.effect("looks as far as it takes for the delta that places a run of snapshots by the exchange's clock", () =>
      Effect.gen(function* () {
        const history = yield* History
        const marketTicker = "KXPLACED"
        const records: Array<BookRecord> = []
        for (let offset = 1; offset <= 1_300; offset++) {
          records.push(offset % 2 === 1 ? snapshot({ marketTicker, offset }) : gap({ marketTicker, offset }))
        }
        const tsExchangeMicros = hourStartMicros - 1_000_000
        records.push(
          snapshot({ marketTicker, offset: 1_301 }),
          delta({ marketTicker, offset: 1_302, tsExchangeMicros })
        )
        yield* stored(records, [])
        const plain = Replay.make()
        Replay.applyUntil(plain, records, tsExchangeMicros, "exchange")
        const answer = yield* Effect.result(history.bookAt(marketTicker, tsExchangeMicros, "exchange"))
        assert.strictEqual(answer._tag === "Success" ? answer.success.last.offset : undefined, plain.last?.offset)
        // All snapshots and no gap: only the last record places them.
        const placed = Array.from({ length: 1_300 }, (_, index) =>
          snapshot({ marketTicker: "KXRUN", offset: index + 1 })
        )
        yield* stored([...placed, delta({ marketTicker: "KXRUN", offset: 1_301, tsExchangeMicros })], [])
        const run = yield* history.bookAt("KXRUN", tsExchangeMicros, "exchange")
        assert.strictEqual(run.last.offset, 1_301)
      })
    )

    it.effect("a moment inside a gap is stale, with the gap and its end; after it the book is trusted again", () =>
      Effect.gen(function* () {
        const history = yield* History
        const marketTicker = "KXSTALE"
        const broken = gap({ marketTicker, offset: 2, cause: "sequence_hole" })
        yield* stored([snapshot({ marketTicker, offset: 1 }), broken, snapshot({ marketTicker, offset: 3 })])
        const inside = yield* history.bookAt(marketTicker, hourStartMicros + 2, "received")
        assert.deepStrictEqual(inside.trust, { _tag: "stale", gap: broken })
        assert.strictEqual(inside.gapEndsMicros, hourStartMicros + 3)
        const after = yield* history.bookAt(marketTicker, hourStartMicros + 3, "received")
        assert.deepStrictEqual(after.trust, { _tag: "trusted", sinceOffset: 3 })
        assert.strictEqual(after.gapEndsMicros, null)
        const page = yield* history.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: 10 })
        assert.deepStrictEqual([...page.gapEndsMicros], [[2, hourStartMicros + 3]])
        assert.strictEqual(page.records.length, 3)
      })
    )

    it.effect("a gap that is still open has no end", () =>
      Effect.gen(function* () {
        const history = yield* History
        const marketTicker = "KXOPEN"
        yield* stored([snapshot({ marketTicker, offset: 1 }), gap({ marketTicker, offset: 2 })])
        const answer = yield* history.bookAt(marketTicker, hourStartMicros + 50, "received")
        assert.strictEqual(answer.trust._tag, "stale")
        assert.strictEqual(answer.gapEndsMicros, null)
      })
    )

    it.effect("tells a market of which nothing is recorded from an empty slice of one that is", () =>
      Effect.gen(function* () {
        const history = yield* History
        const marketTicker = "KXSLICED"
        yield* stored([snapshot({ marketTicker, offset: 1 })])
        const slice = { fromMicros: 0, toMicros: 1, afterOffset: 0, recordsMax: 10 }
        assert.deepStrictEqual((yield* history.records({ marketTicker, ...slice })).records, [])
        const unknown = new MarketNotRecorded({ marketTicker: "KXNEVER" })
        assert.deepStrictEqual(yield* Effect.flip(history.records({ marketTicker: "KXNEVER", ...slice })), unknown)
        assert.deepStrictEqual(yield* Effect.flip(history.bookAt("KXNEVER", hourStartMicros, "exchange")), unknown)
        assert.deepStrictEqual(yield* Effect.flip(history.bookNow("KXNEVER")), unknown)
      })
    )

    it.effect("candles begin with the first record, go from page to page, and end with the market", () =>
      Effect.gen(function* () {
        const history = yield* History
        const hot = yield* HotTier
        const marketTicker = "KXCANDLES"
        const minute = (count: number) => hourStartMicros + count * 60_000_000
        const log = [
          snapshot({ marketTicker, offset: 1, tsReceivedMicros: minute(2) }),
          delta({ marketTicker, offset: 2, tsReceivedMicros: minute(2) + 5, side: "yes", priceE4: 3_500 }),
          gap({ marketTicker, offset: 3, tsReceivedMicros: minute(7), cause: "market_closed" })
        ]
        const sold = (tradeId: string, tsExchangeMicros: number, yesPriceE4: number) =>
          trade({ marketTicker, tradeId, tsExchangeMicros, tsReceivedMicros: tsExchangeMicros, yesPriceE4 })
        const trades = [
          sold("c1", minute(4), 3_400),
          sold("c2", minute(4) + 9, 3_300),
          sold("c3", minute(8) + 3, 3_600)
        ]
        yield* hot.append(batch({ records: log, trades, watermark: late }))
        const asked = { marketTicker, fromMicros: minute(0), toMicros: minute(60), intervalMicros: 60_000_000 }
        const read = (fromMicros: number, isContinued: boolean) =>
          Stream.runCollect(history.candles({ ...asked, fromMicros, isContinued, candlesAtOnce: 2 })).pipe(
            Effect.map((parts) => parts.flatMap(({ candles }) => candles))
          )
        const found = yield* read(asked.fromMicros, false)
        assert.deepStrictEqual(found, PlainCandles.of(log, trades, asked, late.tsReceivedMicros + 1))
        assert.deepStrictEqual(
          found.map(({ startMicros, tradeCount }) => [startMicros, tradeCount]),
          [2, 3, 4, 5, 6, 7, 8].map((count) => [minute(count), count === 4 ? 2 : count === 8 ? 1 : 0])
        )
        assert.deepStrictEqual(yield* read(minute(5), true), found.slice(3))
        assert.deepStrictEqual(yield* read(minute(9), true), [])
        assert.deepStrictEqual(
          yield* Stream.runCollect(
            history.candles({ ...asked, marketTicker: "KXNEVER", isContinued: false, candlesAtOnce: 2 })
          ),
          []
        )
      })
    )
  }
