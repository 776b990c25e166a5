/** What every hot tier promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import { hourMicros } from "@kalshibook/core/Units"
import { HotTier } from "@kalshibook/store/HotTier"
import { OffsetHole, OtherWriter } from "@kalshibook/store/LogHeads"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import fc from "fast-check"
import { batch, delta, gap, hourStartMicros, lifecycle, snapshot, trade, watermark } from "./Batch.ts"
import * as MarketLogs from "./MarketLogs.ts"
import { property } from "./PropertyEffect.ts"

const allTime = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER }

const whole = (marketTicker: string) =>
  Effect.flatMap(HotTier, (hot) => hot.records({ marketTicker, ...allTime, afterOffset: 0, recordsMax: 100_000 }))

/** A new ticker for each case, since all cases share one database. */
const tickers = (prefix: string) => {
  let count = 0
  return () => `${prefix}-${++count}`
}

export const hotTierSuite =
  (runs: number) =>
  (it: Vitest.MethodsNonLive<HotTier>): void => {
    it.effect("has neither watermark nor logs before the first batch", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        assert.deepStrictEqual(yield* hot.watermark, Option.none())
        assert.deepStrictEqual(yield* hot.heads, [])
        assert.deepStrictEqual(yield* hot.state, { watermark: Option.none(), heads: [] })
        assert.deepStrictEqual(yield* whole("KXNONE"), [])
        assert.deepStrictEqual(yield* hot.keyframeAt("KXNONE", hourStartMicros, "received"), Option.none())
      })
    )

    it.effect("moves the watermark forward only, the exchange's time together with its receipt", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const mark = (part: Parameters<typeof watermark>[0]) =>
          hot
            .append(batch({ watermark: watermark(part) }))
            .pipe(Effect.andThen(hot.watermark), Effect.map(Option.getOrThrow))
        const first = { epoch: 1, tsReceivedMicros: 500 }
        assert.deepStrictEqual(yield* mark(first), watermark(first))
        const second = { epoch: 2, tsReceivedMicros: 600, tsExchangeMicros: 550, tsExchangeReceivedMicros: 590 }
        assert.deepStrictEqual(yield* mark(second), watermark(second))
        assert.deepStrictEqual(yield* mark({ epoch: 1, tsReceivedMicros: 400 }), watermark(second))
        assert.deepStrictEqual(
          yield* mark({ epoch: 3, tsReceivedMicros: 700, tsExchangeMicros: 540, tsExchangeReceivedMicros: 690 }),
          watermark({ ...second, epoch: 3, tsReceivedMicros: 700 })
        )
      })
    )

    it.effect("moves the tape's entry forward only, until another tape takes its place; without a tape it stays", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const mark = (tapeId: string | null, tapeEntry: number) =>
          hot.append(batch({ watermark: watermark({ tapeId, tapeEntry }) })).pipe(
            Effect.andThen(hot.watermark),
            Effect.map(Option.getOrThrow),
            Effect.map((stored) => [stored.tapeId, stored.tapeEntry])
          )
        assert.deepStrictEqual(yield* mark(null, 0), [null, 0])
        assert.deepStrictEqual(yield* mark("tape-1", 2 ** 40), ["tape-1", 2 ** 40])
        assert.deepStrictEqual(yield* mark("tape-1", 7), ["tape-1", 2 ** 40])
        assert.deepStrictEqual(yield* mark(null, 0), ["tape-1", 2 ** 40])
        assert.deepStrictEqual(yield* mark("tape-2", 3), ["tape-2", 3])
        assert.deepStrictEqual(yield* mark("tape-2", 4), ["tape-2", 4])
      })
    )

    it.effect(
      "gives back random logs of several markets, appended in random batches with repeats, as they were written",
      () =>
        Effect.gen(function* () {
          const hot = yield* HotTier
          const next = tickers("KXPROP")
          yield* property(fc.tuple(MarketLogs.log, MarketLogs.log, MarketLogs.cuts), runs, ([first, second, cuts]) =>
            Effect.gen(function* () {
              const logs = [MarketLogs.renamed(first, next()), MarketLogs.renamed(second, next())]
              const batches = logs.map((log) => MarketLogs.batchesOf(log, cuts))
              for (let index = 0; batches.some((each) => index < each.length); index++) {
                yield* hot.append(batch({ records: batches.flatMap((each) => each[index] ?? []) }))
              }
              for (const log of logs) {
                const [head] = log
                if (head !== undefined) assert.deepStrictEqual(yield* whole(head.marketTicker), log)
              }
            })
          )
        })
    )

    it.effect("answers a slice of a log by time of receipt, after an offset, and no more records than asked for", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const next = tickers("KXSLICE")
        const slice = fc.tuple(
          MarketLogs.log,
          MarketLogs.moment,
          MarketLogs.moment,
          fc.nat(60),
          fc.integer({ min: 1, max: 70 })
        )
        yield* property(slice, runs, ([log, fromMicros, toMicros, afterOffset, recordsMax]) =>
          Effect.gen(function* () {
            const marketTicker = next()
            const records = MarketLogs.renamed(log, marketTicker)
            yield* hot.append(batch({ records }))
            assert.deepStrictEqual(
              yield* hot.records({ marketTicker, fromMicros, toMicros, afterOffset, recordsMax }),
              records
                .filter((record) => record.tsReceivedMicros >= fromMicros && record.tsReceivedMicros < toMicros)
                .filter((record) => record.offset > afterOffset)
                .slice(0, recordsMax)
            )
          })
        )
      })
    )

    it.effect("finds the last keyframe at a moment, by either clock", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const next = tickers("KXKEY")
        const clock = fc.constantFrom<BookClock>("received", "exchange")
        yield* property(fc.tuple(MarketLogs.log, MarketLogs.moment, clock), runs, ([log, atMicros, by]) =>
          Effect.gen(function* () {
            const marketTicker = next()
            const keyframes = MarketLogs.keyframesOf(MarketLogs.renamed(log, marketTicker), 3)
            yield* hot.append(batch({ keyframes }))
            const microsOf = (keyframe: Keyframe) =>
              by === "received" ? keyframe.tsReceivedMicros : keyframe.tsExchangeEffectiveMicros
            const last = keyframes
              .filter((keyframe) => microsOf(keyframe) <= atMicros)
              .reduce<Keyframe | undefined>(
                (latest, next) => (latest !== undefined && microsOf(latest) > microsOf(next) ? latest : next),
                undefined
              )
            assert.deepStrictEqual(yield* hot.keyframeAt(marketTicker, atMicros, by), Option.fromNullishOr(last))
          })
        )
      })
    )

    it.effect("knows where each gap ended: at the first snapshot after it, in whichever batch that came", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const next = tickers("KXGAP")
        yield* property(fc.tuple(MarketLogs.log, MarketLogs.cuts), runs, ([log, cuts]) =>
          Effect.gen(function* () {
            const marketTicker = next()
            const records = MarketLogs.renamed(log, marketTicker)
            for (const part of MarketLogs.batchesOf(records, cuts)) yield* hot.append(batch({ records: part }))
            const gaps = records.filter((record) => record.kind === "gap").map((record) => record.offset)
            const ends = gaps.flatMap((offset) => {
              const end = records.find((record) => record.kind === "snapshot" && record.offset > offset)
              return end === undefined ? [] : [[offset, end.tsReceivedMicros] as const]
            })
            assert.deepStrictEqual(sorted(yield* hot.gapEnds(marketTicker, gaps)), sorted(new Map(ends)))
          })
        )
      })
    )

    it.effect("stores the same batch twice as once", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXTWICE"
        const records = [
          snapshot({ marketTicker, offset: 1 }),
          delta({ marketTicker, offset: 2 }),
          gap({ marketTicker, offset: 3 })
        ]
        const all = batch({
          records,
          keyframes: MarketLogs.keyframesOf(records, 2),
          trades: [trade({ marketTicker, tradeId: "twice-1" }), trade({ marketTicker, tradeId: "twice-1", sizeE2: 7 })],
          lifecycle: [lifecycle({ seq: 1, body: { title: "half a pair \ud800, a nul \u0000, a \\u0000 in letters" } })]
        })
        yield* hot.append(all)
        yield* hot.append(all)
        assert.deepStrictEqual(yield* whole(marketTicker), records)
        assert.deepStrictEqual(yield* hot.trades({ marketTicker, ...allTime, after: Option.none(), tradesMax: 10 }), [
          trade({ marketTicker, tradeId: "twice-1" })
        ])
        assert.deepStrictEqual(
          yield* hot.keyframeAt(marketTicker, hourStartMicros + 2, "received"),
          Option.fromNullishOr(all.keyframes[0])
        )
      })
    )

    it.effect(
      "stores all of it once when what was received is replayed from anywhere before the watermark, cut anew",
      () =>
        Effect.gen(function* () {
          const hot = yield* HotTier
          const next = tickers("KXREPLAY")
          const replayed = fc.tuple(MarketLogs.log, MarketLogs.cuts, MarketLogs.cuts, fc.nat(1_000), fc.nat(1_000))
          yield* property(replayed, runs, ([log, cuts, cutsAgain, stopAt, backAt]) =>
            Effect.gen(function* () {
              const marketTicker = next()
              const records = MarketLogs.renamed(log, marketTicker)
              const keyframes = MarketLogs.keyframesOf(records, 3)
              // As a tape tells it: an entry for each record, and a trade with each.
              const told = (part: ReadonlyArray<BookRecord>) =>
                batch({
                  records: part,
                  keyframes: keyframes.filter(({ offset }) => part.some((record) => record.offset === offset)),
                  trades: part.map(({ offset }) => trade({ marketTicker, tradeId: `${marketTicker}-${offset}` })),
                  watermark: watermark({ tapeId: marketTicker, tapeEntry: part.at(-1)?.offset ?? 0 })
                })
              const stored = records.slice(0, stopAt % (records.length + 1))
              for (const part of MarketLogs.batchesOf(stored, cuts)) yield* hot.append(told(part))
              const again = records.slice(backAt % (stored.length + 1))
              for (const part of MarketLogs.batchesOf(again, cutsAgain)) {
                yield* hot.append(told(part))
                const mark = Option.getOrThrow(yield* hot.watermark)
                assert.strictEqual(mark.tapeEntry, Math.max(stored.length, part.at(-1)?.offset ?? 0))
              }
              assert.deepStrictEqual(yield* whole(marketTicker), records)
              const trades = yield* hot.trades({ marketTicker, ...allTime, after: Option.none(), tradesMax: 1_000 })
              assert.lengthOf(trades, records.length)
              for (const keyframe of keyframes) {
                const found = Option.getOrThrow(
                  yield* hot.keyframeAt(marketTicker, keyframe.tsReceivedMicros, "received")
                )
                assert.isAtLeast(found.offset, keyframe.offset)
              }
            })
          )
        })
    )

    it.effect("goes on behind a prefix that is stored of some markets of a batch and not of others", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const [ahead, behind, fresh] = ["KXPART-1", "KXPART-2", "KXPART-3"] as const
        const log = (marketTicker: string, last: number) => [
          snapshot({ marketTicker, offset: 1 }),
          ...Array.from({ length: last - 1 }, (_, index) => delta({ marketTicker, offset: index + 2 }))
        ]
        yield* hot.append(batch({ records: [...log(ahead, 4), ...log(behind, 2)] }))
        yield* hot.append(batch({ records: [...log(behind, 3), ...log(fresh, 2), ...log(ahead, 3)] }))
        assert.deepStrictEqual(yield* whole(ahead), log(ahead, 4))
        assert.deepStrictEqual(yield* whole(behind), log(behind, 3))
        assert.deepStrictEqual(yield* whole(fresh), log(fresh, 2))
      })
    )

    it.effect("refuses a record that leaves a hole in its log, and stores nothing of its batch", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXHOLE"
        yield* hot.append(batch({ records: [snapshot({ marketTicker, offset: 1 })] }))
        const exit = yield* Effect.exit(
          hot.append(batch({ records: [delta({ marketTicker, offset: 2 }), delta({ marketTicker, offset: 4 })] }))
        )
        assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof OffsetHole)
        assert.strictEqual((yield* whole(marketTicker)).length, 1)
        yield* hot.append(batch({ records: [delta({ marketTicker, offset: 2 })] }))
        assert.strictEqual((yield* whole(marketTicker)).length, 2)
      })
    )

    it.effect("refuses a record whose place another writer has taken, and stores nothing of its batch", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXTAKEN"
        const stored = [snapshot({ marketTicker, offset: 1 }), delta({ marketTicker, offset: 2 })]
        yield* hot.append(batch({ records: stored }))
        const theirs = [delta({ marketTicker, offset: 2, epoch: 2 }), delta({ marketTicker, offset: 3, epoch: 2 })]
        const exit = yield* Effect.exit(hot.append(batch({ records: theirs })))
        assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof OtherWriter)
        assert.deepStrictEqual(yield* whole(marketTicker), stored)
      })
    )

    it.effect("knows the last record of every log", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const one = delta({
          marketTicker: "KXHEAD-1",
          offset: 2,
          tsExchangeMicros: hourStartMicros - 7,
          epoch: 3,
          sid: 4,
          seq: 5
        })
        const two = gap({ marketTicker: "KXHEAD-2", offset: 2 })
        yield* hot.append(batch({ records: [snapshot({ marketTicker: two.marketTicker, offset: 1 }), two] }))
        yield* hot.append(batch({ records: [snapshot({ marketTicker: one.marketTicker, offset: 1 }), one] }))
        const heads = (yield* hot.heads).filter((head) => head.marketTicker.startsWith("KXHEAD"))
        assert.deepStrictEqual(
          heads.toSorted((left, right) => (left.marketTicker < right.marketTicker ? -1 : 1)),
          [headOf(one), headOf(two)]
        )
      })
    )

    it.effect(
      "knows how far everything is stored and where the logs end at one moment, also while batches are stored",
      () =>
        Effect.gen(function* () {
          const hot = yield* HotTier
          const marketTicker = "KXMOMENT"
          const batches = Array.from({ length: 60 }, (_, index) =>
            batch({
              records: [snapshot({ marketTicker, offset: index + 1 })],
              watermark: watermark({ tapeId: marketTicker, tapeEntry: index + 1 })
            })
          )
          const appending = yield* Effect.forkChild(Effect.forEach(batches, hot.append, { discard: true }))
          let offset = 0
          while (offset < batches.length) {
            const stored = yield* hot.state
            offset = stored.heads.find((head) => head.marketTicker === marketTicker)?.offset ?? 0
            if (offset > 0) assert.strictEqual(Option.getOrThrow(stored.watermark).tapeEntry, offset)
            yield* Effect.yieldNow
          }
          yield* Fiber.join(appending)
        })
    )

    it.effect("keeps the greatest sizes, seqs and times to the last unit", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXGREAT"
        const sizeE2 = Number.MAX_SAFE_INTEGER
        const records = [
          snapshot({
            marketTicker,
            offset: 1,
            seq: 2 ** 40,
            levels: { yes: [{ priceE4: 1, sizeE2 }], no: [{ priceE4: 9_998, sizeE2 }] }
          }),
          delta({
            marketTicker,
            offset: 2,
            deltaE2: -sizeE2,
            priceE4: 9_999,
            side: "no",
            tsExchangeMicros: hourStartMicros - 1
          }),
          snapshot({ marketTicker, offset: 3, levels: { yes: [], no: [] } })
        ]
        yield* hot.append(batch({ records }))
        assert.deepStrictEqual(yield* whole(marketTicker), records)
      })
    )

    it.effect("takes tens of thousands of records over several hours in one batch", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXMANY"
        const records: Array<BookRecord> = [snapshot({ marketTicker, offset: 1 })]
        for (let offset = 2; offset <= 20_000; offset++) {
          records.push(
            delta({ marketTicker, offset, tsReceivedMicros: hourStartMicros + offset * (hourMicros / 10_000) })
          )
        }
        yield* hot.append(batch({ records }))
        const stored = yield* whole(marketTicker)
        assert.strictEqual(stored.length, records.length)
        assert.deepStrictEqual(stored.at(-1), records.at(-1))
        assert.deepStrictEqual(stored[10_000], records[10_000])
      })
    )

    it.effect("answers trades by time and id, page by page", () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const marketTicker = "KXTRADES"
        const trades = ["b", "a", "d", "c", "e"].map((tradeId, index) =>
          trade({
            marketTicker,
            tradeId: `page-${tradeId}`,
            tsExchangeMicros: hourStartMicros + Math.floor(index / 2),
            takerSide: "no"
          })
        )
        yield* hot.append(batch({ trades }))
        const found: Array<string> = []
        let after: Option.Option<{ readonly tsExchangeMicros: number; readonly tradeId: string }> = Option.none()
        while (true) {
          const page = yield* hot.trades({
            marketTicker,
            fromMicros: hourStartMicros,
            toMicros: hourStartMicros + 2,
            after,
            tradesMax: 2
          })
          const last = page.at(-1)
          if (last === undefined) break
          found.push(...page.map(({ tradeId }) => tradeId))
          after = Option.some(last)
        }
        assert.deepStrictEqual(found, ["page-a", "page-b", "page-c", "page-d"])
      })
    )
  }

const headOf = ({ kind, marketTicker, offset, epoch, sid, seq, tsExchangeMicros, tsReceivedMicros }: BookRecord) => ({
  kind,
  marketTicker,
  offset,
  epoch,
  sid,
  seq,
  tsExchangeMicros,
  tsReceivedMicros
})

const sorted = (map: ReadonlyMap<number, number>) => [...map].toSorted(([left], [right]) => left - right)
